import { gzipSync } from 'node:zlib';
import {
  type Action,
  ANSWER_BEGIN,
  ANSWER_END,
  CHECKSUM_FACTOR,
  CHECKSUM_MODULUS,
  PACKED_BEGIN,
  PACKED_END,
  UNPACKED_BYTES,
} from '../../shared/contract/probe.ts';

/** A complete answer with this payload, as the script makes it. */
export function sealed(action: Action, payload: string): string {
  let sum = 0;
  for (let at = 0; at < payload.length; at++) {
    sum = (sum * CHECKSUM_FACTOR + payload.charCodeAt(at)) % CHECKSUM_MODULUS;
  }
  return `${ANSWER_BEGIN} ${action}\n${payload}${ANSWER_END} ${payload.length} ${sum}\n`;
}

/** The length of a line of `base64`. */
const BASE64_LINE = /.{1,76}/g;

/** A long answer as the script packs it. */
export function packed(answer: string): string {
  if (answer.length - 1 < UNPACKED_BYTES) return answer;
  const lines = gzipSync(answer, { level: 9 }).toString('base64').match(BASE64_LINE) ?? [];
  return [PACKED_BEGIN, ...lines, PACKED_END, ''].join('\n');
}
