import { createInterface } from 'node:readline/promises';
import { usage } from './failure.ts';
import { remark } from './progress.ts';

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks, and throws where the answer is not yes. `nothing` says what has then not been done. */
export async function mustAgree(question: string, nothing: string): Promise<void> {
  const answer = await ask(`${question} [y/N] `, nothing);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw usage(`${nothing}: the answer was not yes`);
}

/** What a person types; nothing where the input ends. Ctrl-C ends the program, as it does without a question. */
async function ask(question: string, nothing: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.once('SIGINT', () => {
    terminal.close();
    remark(`\n${nothing}`);
    process.kill(process.pid, 'SIGINT');
  });
  try {
    // It rejects where the input ends, as by Ctrl-D.
    return await terminal.question(question).catch(() => {
      remark('');
      return '';
    });
  } finally {
    terminal.close();
  }
}
