import { gzipSync } from 'node:zlib';
import type { Action } from '../../../shared/contract/probe.ts';
import {
  ANSWER_BEGIN,
  ANSWER_END,
  checksum,
  type FieldsOf,
  GRAMMARS,
  PACKED_BEGIN,
  PACKED_END,
  type RecordKind,
  UNPACKED_BYTES,
  type Word,
  type WordTexts,
} from '../../../shared/contract/wire.ts';
import { type HeldEntry, OVERLAY_DEVICE } from '../flannel.ts';
import { UNDERLAY_DEVICE } from '../roster.ts';

/** What a word is written from: text, and where any text can stand, a number as well. */
type Written = {
  readonly [W in Word]: string extends WordTexts[W] ? string | number : WordTexts[W];
};

/** One line of an answer, without its end. Throws where a field is not what its word allows. */
export function record<K extends RecordKind>(kind: K, fields: FieldsOf<K, Written>): string {
  const grammar = GRAMMARS.get(kind);
  const values = new Map<string, string | number | undefined>(Object.entries(fields));
  const words = grammar?.fields.map(({ name }) => String(values.get(name) ?? '-')) ?? [];
  const line = [kind, ...words].join(' ');
  if (grammar?.line.test(line) !== true) throw new Error(`"${line}" is no record.`);
  return line;
}

/** A complete answer with these records, as the script makes it. */
export function sealed(action: Action, records: readonly string[]): string {
  const payload = records.map((line) => `${line}\n`).join('');
  return `${ANSWER_BEGIN} ${action}\n${payload}${ANSWER_END} ${payload.length} ${checksum(payload)}\n`;
}

/** The length of a line of `base64`. */
const BASE64_LINE = /.{1,76}/g;

/** A long answer as the script packs it. */
export function packed(answer: string): string {
  if (answer.length - 1 < UNPACKED_BYTES) return answer;
  const lines = gzipSync(answer, { level: 9 }).toString('base64').match(BASE64_LINE) ?? [];
  return [PACKED_BEGIN, ...lines, PACKED_END, ''].join('\n');
}

/** The entry's record in an answer. */
export function recordOf(entry: HeldEntry): string {
  const device = OVERLAY_DEVICE;
  switch (entry.table) {
    case 'neighbour': {
      const { ip, mac, state } = entry;
      return record('N', { device, ip, mac, state });
    }
    case 'fdb': {
      const { mac, destination } = entry;
      return record('F', { device, mac, destination, state: 'permanent' });
    }
    case 'route': {
      const { destination, gateway } = entry;
      return record('R', { device, destination, gateway, onlink: 'onlink' });
    }
    case 'direct': {
      const { destination, gateway } = entry;
      return record('R', { device: UNDERLAY_DEVICE, destination, gateway, onlink: undefined });
    }
  }
}

/** The line that `ip` or `bridge` prints for it. */
export function printed(entry: HeldEntry): string {
  switch (entry.table) {
    case 'neighbour': {
      const mac = entry.mac === undefined ? '' : ` lladdr ${entry.mac}`;
      return `${entry.ip} dev ${OVERLAY_DEVICE}${mac} ${entry.state} `;
    }
    case 'fdb':
      return `${entry.mac} dev ${OVERLAY_DEVICE} dst ${entry.destination} self permanent`;
    case 'route':
      return `${entry.destination} via ${entry.gateway} dev ${OVERLAY_DEVICE} onlink `;
    case 'direct':
      return `${entry.destination} via ${entry.gateway} dev ${UNDERLAY_DEVICE} `;
  }
}
