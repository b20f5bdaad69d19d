import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Cause, runbookAnchorOf } from '../../shared/contract/causes.ts';
import { incidentSchema } from '../../shared/contract/report.ts';
import { pageOf } from '../../shared/core/page/page.ts';
import { NOW } from '../support/cluster.ts';
import { incidentOf } from './cases.ts';
import { asInRunbook } from './runbook-block.ts';

/** The lines that a person types for one fault, as three readers find them. */
interface TypedLines {
  readonly cause: Cause;
  readonly page: readonly string[];
  readonly json: readonly string[];
  readonly runbook: readonly string[];
  /** The page says that it is shortened: whole steps are left out of it. */
  readonly isShortened: boolean;
}

const RUNBOOK = path.join(import.meta.dirname, '..', '..', 'RUNBOOK.md');

/** The fault of the runbook's example: one node of six, and nobody knows what installed flannel. */
export async function typedLines(cause: Cause): Promise<TypedLines> {
  const incident = await incidentOf(cause, 'few', 'unknown');
  const { text } = pageOf({ kind: 'opened', incident }, { cluster: 'prod', now: NOW });
  const { fix } = incidentSchema.parse(JSON.parse(JSON.stringify(incident)));
  const [, block = ''] = /\nFix\n([^]*?)\n\n/.exec(text) ?? [];
  return {
    cause,
    page: commandsIn(asInRunbook(block.replaceAll(/^ {2}/gm, ''))),
    json: fix.flatMap(({ commands, remotely = [] }) => [...commands, ...remotely]).map(asInRunbook),
    runbook: commandsIn(blockOf(cause, await readFile(RUNBOOK, 'utf8'))),
    isShortened: /\nShortened, by \d+ of the steps under Fix\./.test(text),
  };
}

function blockOf(cause: Cause, runbook: string): string {
  const [, ...after] = runbook.split(`\n## ${runbookAnchorOf(cause)}\n`);
  const [section = ''] = after.join('').split('\n## ');
  return /```text\n([^]*?)\n```/.exec(section)?.[1] ?? '';
}

/** Commands stand deeper than the sentences above them, which a number may begin. */
function commandsIn(block: string): readonly string[] {
  const lines = block.split('\n');
  const depth = lines.some((line) => /^\d\. /.test(line)) ? 5 : 2;
  return lines.filter((line) => line.startsWith(' '.repeat(depth))).map((line) => line.trimStart());
}

/** Whether all three have the same lines; a page may leave out whole steps, if it says so. */
export function areSame({ page, json, runbook, isShortened }: TypedLines): boolean {
  const isOfPage = isShortened ? isWithin(page, json) : page.join('\n') === json.join('\n');
  return isOfPage && json.join('\n') === runbook.join('\n');
}

/** Whether some lines are among all lines, in their order. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return all.reduce((seen, line) => (line === some[seen] ? seen + 1 : seen), 0) === some.length;
}
