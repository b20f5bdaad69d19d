import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CAUSES, runbookAnchorOf } from '../../shared/contract/causes.ts';
import { runbookBlock, withBlock } from './runbook-block.ts';

/** Writes the fix of each cause into RUNBOOK.md. */

const RUNBOOK = path.join(import.meta.dirname, '..', '..', 'RUNBOOK.md');

let text = await readFile(RUNBOOK, 'utf8');
for (const cause of CAUSES) {
  const [before = '', ...rest] = text.split(`\n## ${runbookAnchorOf(cause)}\n`);
  const [section = '', ...after] = rest.join('').split('\n## ');
  const whole = withBlock(section, await runbookBlock(cause));
  text = `${before}\n## ${runbookAnchorOf(cause)}\n${[whole, ...after].join('\n## ')}`;
}
await writeFile(RUNBOOK, text);
