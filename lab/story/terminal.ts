/** What the story says, on standard output: headings, what is under way, and blocks of text. */
export interface Teller {
  /** A new part of the story. */
  heading(text: string): void;
  say(text: string): void;
  /** Lines of somebody else's: a page, a table. */
  block(text: string): void;
  /** Says what is under way, and every few seconds that it still is. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
}

/** How often somebody who waits hears that something still goes on. */
const REMINDER_MS = 5000;

export function teller(write: (text: string) => void): Teller {
  const began = Date.now();
  const clock = (): string => `${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s`;
  const say = (text: string): void => write(`${clock()}  ${text}\n`);
  return {
    heading: (text) => write(`\n${clock()}  ${text}\n${'-'.repeat(8 + text.length)}\n`),
    say,
    block: (text) =>
      write(
        `${text
          .trimEnd()
          .split('\n')
          .map((line) => `      | ${line}`)
          .join('\n')}\n`,
      ),
    during: async (what, work) => {
      say(`${what} ...`);
      const reminder = setInterval(() => say(`  still: ${what}`), REMINDER_MS);
      try {
        return await work;
      } finally {
        clearInterval(reminder);
      }
    },
  };
}
