import type { Coverage, Gap, Report } from '../../shared/contract/report.ts';
import { enumerate, plain } from '../../shared/core/page/plain.ts';

/** How many nodes a line names; `--json` has them all. */
const NAMES = 12;

/** What a run could see. */
export function coverageLines(hosts: Report['hosts'], coverage: Coverage): readonly string[] {
  const all = hosts.observed.length + hosts.unknown.length;
  return [
    `answered  ${hosts.observed.length} of ${all} nodes`,
    `outside   ${namesOf(coverage.outside, 'none: every node has answered Systems Manager once')}`,
    `masters   ${namesOf(coverage.masters, 'none found')}`,
    `pages to  ${namesOf(coverage.routes, 'nobody')}`,
  ];
}

/** What it was not given, each with what that would add. */
export function gapLines({ gaps }: Coverage): readonly string[] {
  return gaps.map(gapLine);
}

function gapLine({ missing, adds, causes }: Gap): string {
  const untold =
    causes.length === 0 ? '' : `; without it nobody can tell ${enumerate(causes, causes.length)}`;
  return `${missing}: ${plain(adds)}${untold}`;
}

function namesOf(names: readonly string[], none: string): string {
  return names.length === 0 ? none : enumerate(names.map(plain), NAMES);
}
