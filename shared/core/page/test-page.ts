import { formatTime } from '../time.ts';
import type { Page } from './page.ts';
import { printable, subjectHead } from '../plain-text.ts';

/**
 * A page about nothing, which shows people whether pages reach them. Each has a key of its own: a
 * receiver stays silent under the key of an earlier one that nobody has closed.
 */
export function testPageOf({
  cluster,
  now,
}: {
  readonly cluster: string;
  readonly now: number;
}): Page {
  const time = formatTime(now);
  const key = `${cluster}/test/${time}`;
  const lines = [
    `TEST  cluster ${printable(cluster)}`,
    'Nothing is wrong. Somebody asked vtepwatch for a test page, and it has reached you.',
    '',
    'What to do',
    '  If it has opened an incident somewhere, close it there: vtepwatch sends no page that resolves it.',
    '',
    `Test      ${printable(key)}`,
    `Sent      ${time.slice(0, 19).replace('T', ' ')} UTC`,
  ];
  return {
    key,
    kind: 'test',
    severity: 'info',
    at: now,
    subject: `${subjectHead(cluster)} test page, nothing is wrong`,
    text: `${lines.join('\n')}\n`,
  };
}
