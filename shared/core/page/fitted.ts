import { shorten } from '../plain-text.ts';

/** Lines of a page that stand or go together. */
export interface Chunk {
  /** Where a page is too long, the chunks of the highest rank go first, from the end; 0 stays. */
  readonly rank: number;
  readonly lines: readonly string[];
  /** Commands: half of one is worse than none. */
  readonly whole?: true;
  /** A title, or the empty line behind a section: it goes with the last line of what it is about. */
  readonly frames?: string;
  /** The title that it stands under. */
  readonly section?: string;
}

/** What people read on a telephone, and what every channel takes whole. */
const SENT_BYTES = 4096;

/** The last line of a page that may come again, since nobody can store that it has gone out. */
const MAY_REPEAT = 'The state of vtepwatch is unavailable (DynamoDB): this page may repeat.';

/** What every page leaves free for that line. */
const PAGE_BYTES = SENT_BYTES - sizeOf(`${MAY_REPEAT}\n`);

/** The text of a page with that line, once. */
export function mayRepeat(text: string): string {
  return text.endsWith(`${MAY_REPEAT}\n`) ? text : `${text}${MAY_REPEAT}\n`;
}

/** The text of a page within its bound. What had to go is said in its last line. */
export function fitted(chunks: readonly Chunk[], shortened: (steps: number) => string): string {
  if (bytesIn(chunks) <= PAGE_BYTES) return textOf(chunks);
  const note = (steps: number): Chunk => ({ rank: 0, lines: ['', shortened(steps)] });
  let size = bytesIn([...chunks, note(chunks.length)]);
  const dropped = new Set<Chunk>();
  const inOrder = [...chunks.entries()].toSorted(
    ([at, one], [place, other]) => other.rank - one.rank || place - at,
  );
  for (const [, chunk] of inOrder) {
    if (size <= PAGE_BYTES || chunk.rank === 0) break;
    dropped.add(chunk);
    size -= bytesIn([chunk]);
  }
  // Behind a long step that had to go there may be room again for lines that stand alone.
  for (const [, chunk] of inOrder.toReversed()) {
    const more = dropped.has(chunk) && chunk.whole !== true ? bytesIn([chunk]) : Infinity;
    if (size + more > PAGE_BYTES) continue;
    dropped.delete(chunk);
    size += more;
  }
  const steps = [...dropped].filter(({ whole }) => whole === true).length;
  const left = withoutEmptySections(chunks.filter((chunk) => !dropped.has(chunk)));
  const kept = [...left, note(steps)];
  return size <= PAGE_BYTES ? textOf(kept) : cut(kept);
}

function withoutEmptySections(chunks: readonly Chunk[]): readonly Chunk[] {
  const filled = new Set(chunks.map(({ section }) => section));
  return chunks.filter(({ frames }) => frames === undefined || filled.has(frames));
}

export function textOf(chunks: readonly Chunk[]): string {
  return `${chunks.flatMap(({ lines }) => lines).join('\n')}\n`;
}

function bytesIn(chunks: readonly Chunk[]): number {
  return sizeOf(textOf(chunks));
}

/** How long a line may be where names are very long; the first at which a page fits. */
const LINE_LENGTHS = [600, 300, 150, 80, 40, 20, 5] as const;

/** The most bytes that commands take of a page in which something must be cut. */
const COMMAND_BYTES = 3000;

function cut(chunks: readonly Chunk[]): string {
  const commands = bytesIn(chunks.filter(({ whole }) => whole === true));
  const isKept = commands <= COMMAND_BYTES;
  for (const length of LINE_LENGTHS) {
    const text = textOf(
      chunks.map((chunk) => ({
        ...chunk,
        lines:
          chunk.whole === true
            ? isKept
              ? chunk.lines
              : ['  The commands are too long for a page.']
            : // Of a character that takes two units a half may be left.
              chunk.lines.map((line) => shorten(line, length).replaceAll(/\p{Cs}/gu, '?')),
      })),
    );
    if (sizeOf(text) <= PAGE_BYTES) return text;
  }
  return `${chunks
    .flatMap(({ lines }) => lines.slice(0, 1))
    .join('')
    .replaceAll(/[^ -~]/g, '?')
    .slice(0, LINE_LENGTHS[0])}\n`;
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
