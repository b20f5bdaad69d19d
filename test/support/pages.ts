import type { Page, PageKind } from '../../shared/core/page/page.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');

/** A page about a node of the cluster `lab`. */
export function pageAbout(
  node: string,
  kind: PageKind = 'opened',
  changes: Partial<Page> = {},
): Page {
  return {
    key: `lab/subject/${node}`,
    kind,
    severity: 'critical',
    cause: 'neighbour-missing',
    at: NOW,
    subject: `[lab] ${node} neighbour-missing 5/5 nodes`,
    text: `CRITICAL  cluster lab\n${node} is lost – by 5 of 5 <peers> & "all"\n`,
    ...changes,
  };
}
