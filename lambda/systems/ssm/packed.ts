import { promisify } from 'node:util';
import { gunzip, type ZlibOptions } from 'node:zlib';
import { PACKED_BEGIN, PACKED_END, PAYLOAD_BYTES } from '../../../shared/contract/wire.ts';
import type { HostAnswer } from './answers.ts';

/** The most that 24,000 bytes may unpack to: the longest payload and its envelope. */
const ANSWER_BYTES = PAYLOAD_BYTES + 1024;

const decompress = promisify<Uint8Array, ZlibOptions, Buffer>(gunzip);

/** Unpacks an answer, of several the last whole one. One that cannot be unpacked counts as ended without an answer. Never throws. */
export async function unpack(text: string): Promise<HostAnswer> {
  if (text.trimEnd().split('\n', 1)[0] !== PACKED_BEGIN) return { kind: 'answered', text };
  // An agent that was restarted runs the script once more, and appends to the output there is.
  const answers = text.split(`${PACKED_BEGIN}\n`).slice(1);
  const whole = answers.findLast((answer) => answer.trimEnd().endsWith(PACKED_END));
  return await unpackOne(`${PACKED_BEGIN}\n${whole ?? answers.at(-1) ?? ''}`);
}

async function unpackOne(text: string): Promise<HostAnswer> {
  const lines = text.trimEnd().split('\n');
  if (lines.at(-1) !== PACKED_END) return unusable('it was cut');
  const packed = lines.slice(1, -1).join('');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return unusable('it is not base64');
  try {
    const unpacked = await decompress(Buffer.from(packed, 'base64'), {
      maxOutputLength: ANSWER_BYTES,
    });
    return { kind: 'answered', text: unpacked.toString('latin1') };
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error));
  }
}

function unusable(why: string): HostAnswer {
  return { kind: 'ended', reason: `unpacking the answer: ${why}`, error: 'bad_output' };
}
