import {
  type Action,
  ANSWER_BEGIN,
  ANSWER_END,
  CHECKSUM_FACTOR,
  CHECKSUM_MODULUS,
} from '../../contract/probe.ts';
import { quote } from './parsed.ts';

/** The payload of an answer, or why it is none. */
type Opened =
  | { readonly kind: 'payload'; readonly payload: string }
  | { readonly kind: 'broken'; readonly reason: string };

/**
 * Takes an answer out of its envelope. Only a complete answer counts: it begins and ends with the
 * markers, and length and checksum of what lies between are right. Anything else was cut, mixed
 * with other output, or is not from this program's script, and says nothing about the host.
 */
export function openAnswer(action: Action, text: string): Opened {
  const begin = `${ANSWER_BEGIN} ${action}\n`;
  if (!text.startsWith(begin)) return broken(text, `does not begin with "${begin.trim()}"`);
  const lines = text.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  const trailer = new RegExp(`^${ANSWER_END} (\\d{1,9}) (\\d{1,10})$`).exec(last);
  if (trailer === null) return broken(text, 'was cut: it has no end marker');
  const payload = lines
    .slice(1, -1)
    .map((line) => `${line}\n`)
    .join('');
  if (!/^[\n\x20-\x7e]*$/.test(payload)) return broken(text, 'holds more than printable ASCII');
  if (payload.length !== Number(trailer[1])) return broken(text, 'is not as long as it says');
  return checksum(payload) === Number(trailer[2])
    ? { kind: 'payload', payload }
    : broken(text, 'does not have the checksum it says');
}

/** See `ANSWER_END`. A payload is ASCII, so that its characters are its bytes. */
export function checksum(payload: string): number {
  let sum = 0;
  for (let at = 0; at < payload.length; at++) {
    sum = (sum * CHECKSUM_FACTOR + payload.charCodeAt(at)) % CHECKSUM_MODULUS;
  }
  return sum;
}

function broken(text: string, why: string): Opened {
  const start = text.length === 0 ? 'it is empty' : `it starts with ${quote(text)}`;
  return { kind: 'broken', reason: `the answer ${why} (${start})` };
}
