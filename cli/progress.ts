/** Milliseconds between two lines of progress. */
const REMINDER_MS = 5000;

/** Reports on standard error what is being done, and every few seconds for how long and how far it is. */
export async function during<T>(
  what: string,
  work: Promise<T>,
  state: () => string = () => '',
): Promise<T> {
  const began = Date.now();
  remark(`${what} ...`);
  const reminder = setInterval(() => {
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    remark(['  for ', seconds, ' s', ...(state() === '' ? [] : ['; ', state()])].join(''));
  }, REMINDER_MS);
  try {
    return await work;
  } finally {
    clearInterval(reminder);
  }
}

/** One line beside the result. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}
