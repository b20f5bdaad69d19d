import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { isEndLine } from './messages.ts';

/** One of the function's output streams, line by line. */
interface LogLines {
  /** Waits until the stream has brought this end line, or has ended. */
  reached(line: string): Promise<void>;
}

/** A line beyond this is cut, as CloudWatch cuts its events. */
const LINE_CHARACTERS = 262_144;

/** Hands every line but the end lines to `log`. */
export function readLines(stream: Readable, log: (line: string) => void): LogLines {
  const waiting = new Map<string, () => void>();
  const passed = new Set<string>();
  let over = false;
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    if (!isEndLine(line)) {
      log(line.slice(0, LINE_CHARACTERS));
      return;
    }
    passed.add(line);
    waiting.get(line)?.();
  });
  lines.on('close', () => {
    over = true;
    for (const wake of waiting.values()) wake();
  });
  return {
    reached: async (line) => {
      if (!over && !passed.has(line)) {
        await new Promise<void>((resolve) => {
          waiting.set(line, resolve);
        });
      }
      waiting.delete(line);
      passed.delete(line);
    },
  };
}
