import type { Action } from '../../shared/contract/probe.ts';
import { checksum } from '../../shared/contract/wire.ts';

/** A complete answer with this payload, as the script on a host makes it. */
export function envelope(action: Action, payload: string): string {
  return `vtepwatch 1 begin ${action}\n${payload}vtepwatch 1 end ${payload.length} ${checksum(payload)}\n`;
}
