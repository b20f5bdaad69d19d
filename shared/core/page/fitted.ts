import { shorten } from '../plain-text.ts';

/** Lines of a page that stand or go together. */
export interface Chunk {
  /** Where a page is too long, the chunks of the highest rank go first, from the end; 0 stays. */
  readonly rank: number;
  readonly lines: readonly string[];
}

/** What people read on a telephone, and what every channel takes whole. */
const PAGE_BYTES = 4096;

/** The text of a page within its bound. What had to go is said in its last line. */
export function fitted(chunks: readonly Chunk[], shortened: string): string {
  if (bytesIn(chunks) <= PAGE_BYTES) return textOf(chunks);
  const note: Chunk = { rank: 0, lines: ['', shortened] };
  let size = bytesIn([...chunks, note]);
  const dropped = new Set<Chunk>();
  const inOrder = [...chunks.entries()].toSorted(
    ([at, one], [place, other]) => other.rank - one.rank || place - at,
  );
  for (const [, chunk] of inOrder) {
    if (size <= PAGE_BYTES || chunk.rank === 0) break;
    dropped.add(chunk);
    size -= bytesIn([chunk]);
  }
  const kept = [...chunks.filter((chunk) => !dropped.has(chunk)), note];
  return size <= PAGE_BYTES ? textOf(kept) : cut(kept);
}

function textOf(chunks: readonly Chunk[]): string {
  return `${chunks.flatMap(({ lines }) => lines).join('\n')}\n`;
}

function bytesIn(chunks: readonly Chunk[]): number {
  return sizeOf(textOf(chunks));
}

/** Names of thousands of characters: no cluster has them, and no page grows by them. */
function cut(chunks: readonly Chunk[]): string {
  const lines = chunks.flatMap((chunk) => chunk.lines);
  const most = Math.floor(PAGE_BYTES / MOST_BYTES / lines.length) - 4;
  const short = lines.map((line) => shorten(line, Math.max(0, most)));
  const text = `${short.join('\n')}\n`.slice(0, PAGE_BYTES / MOST_BYTES);
  // Half of a character that takes two units.
  return text.replaceAll(/\p{Cs}/gu, '?');
}

/** Of one unit of UTF-16 in UTF-8. */
const MOST_BYTES = 3;

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
