/** What a program starts, and has to end however the program itself ends. */
interface Part {
  close(): Promise<void>;
}

/** Starts a part that is ended with the program. Rejects once the program is ending. */
export type Keep = <T extends Part>(start: () => Promise<T>) => Promise<T>;

interface ProgramOptions {
  /** Told before the parts are ended. */
  readonly ending: () => void;
}

/**
 * Runs a program until its end, until somebody interrupts it, or until nobody reads what it prints,
 * then ends its parts, the last first. `work` resolves with its exit status. Resolves with the exit
 * status that is due; rejects where the program fails.
 */
async function runProgram(
  work: (keep: Keep) => Promise<number>,
  { ending }: ProgramOptions,
): Promise<number> {
  const parts: Promise<Part>[] = [];
  let ended = false;
  const interrupted = new Promise<number>((resolve) => {
    process.once('SIGINT', () => resolve(130));
    process.once('SIGTERM', () => resolve(143));
    process.once('SIGHUP', () => resolve(129));
    // `head` has seen all that it wants: no failure, and for npm nothing to complain of.
    process.stdout.on('error', () => resolve(0));
  });
  const worked = work(async (start) => {
    if (ended) throw new Error('the program is ending');
    const part = start();
    parts.push(part);
    return await part;
  });
  try {
    return await Promise.race([worked, interrupted]);
  } finally {
    ended = true;
    worked.catch(() => {});
    ending();
    // An interrupted start is waited for: what is half made must be removed as well.
    for (const part of parts.toReversed()) {
      await part.then(
        (started) => started.close(),
        () => {},
      );
    }
  }
}

/** Reads what is ordered, runs it and says what is under way; without an order it prints the help. */
export async function runOrder<Order>(
  readOrder: () => Order | undefined,
  help: string,
  live: (order: Order, keep: Keep, tell: Teller) => Promise<number>,
): Promise<number> {
  const order = readOrder();
  if (order === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const tell = teller((text) => process.stdout.write(text));
  return await runProgram(async (keep) => live(order, keep, tell), {
    ending: () => tell.say('removing everything'),
  });
}

/**
 * Prints a program's error, and makes the exit status say that there was one. That nobody reads what
 * the program prints is no error.
 */
export async function exitWith(program: Promise<number>): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreLostReader);
  try {
    process.exitCode = await program;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? describe(error) : String(error)}\n`);
    process.exitCode = 1;
  }
}

function ignoreLostReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** The error with what it came from, a line each. */
function describe(error: Error): string {
  const { message, cause } = error;
  return cause instanceof Error ? `${message}\n  because ${describe(cause)}` : message;
}

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
