import { answer } from './answer.ts';
import type { Program } from './answer.ts';
import type { Model } from './model.ts';

export interface Session {
  /** The machine after it; the same object where nothing was changed. */
  readonly model: Model;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

/** One command. `bridge` exits with 255 where `ip` tells its own refusals from the kernel's. */
export function single(program: Program, model: Model, words: readonly string[]): Session {
  const reply = answer(program, model, words);
  switch (reply.kind) {
    case 'shown':
      return { model, stdout: reply.text, stderr: '', exit: 0 };
    case 'changed':
      return { model: reply.model, stdout: '', stderr: '', exit: 0 };
    case 'refused': {
      const exit = program === 'bridge' ? 255 : reply.exit;
      return { model, stdout: '', stderr: `${reply.message}\n`, exit };
    }
  }
}

/** `-batch`: a command a line, up to the first that fails. What went before it stays done. */
export function batch(program: Program, model: Model, text: string): Session {
  let session: Session = { model, stdout: '', stderr: '', exit: 0 };
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) continue;
    const next = single(program, session.model, words);
    const complaint = next.exit === 0 ? '' : `${next.stderr}Command failed -:${index + 1}\n`;
    session = {
      model: next.model,
      stdout: session.stdout + next.stdout,
      stderr: complaint,
      exit: next.exit === 0 ? 0 : 1,
    };
    if (session.exit !== 0) break;
  }
  return session;
}
