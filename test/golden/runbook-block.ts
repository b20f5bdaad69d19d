import type { Cause } from '../../shared/contract/causes.ts';
import { fixChunks } from '../../shared/core/page/fix-text.ts';
import { incidentOf } from './cases.ts';

/** The fix of a page as the runbook has it, for its example cluster whose install nobody knows. */
export async function runbookBlock(cause: Cause): Promise<string> {
  const incident = await incidentOf(cause, 'few', 'unknown');
  const lines = fixChunks(incident).flatMap((chunk) => chunk.lines);
  return asInRunbook(lines.join('\n'));
}

/** The text with the addresses of the runbook's example. */
export function asInRunbook(text: string): string {
  return text
    .replaceAll('36:9b:9c:53:00:00', '36:9b:9c:53:4a:10')
    .replaceAll(/\b192\.168\.1\.0\b(?!\/)/g, '192.168.1.140');
}

/** A section of the runbook with its block as it should be. */
export function withBlock(section: string, block: string): string {
  return section.replace(/```text\n[^]*?\n```/, () => `\`\`\`text\n${block}\n\`\`\``);
}
