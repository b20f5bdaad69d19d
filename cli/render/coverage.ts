import type { Coverage, Gap, Report } from '../../shared/contract/report.ts';
import { enumerate, printable } from '../../shared/core/plain-text.ts';

/** How many nodes a line names; `--json` has them all. */
const NAMES = 12;

/** What a run covered. */
export function coverageLines(hosts: Report['hosts'], coverage: Coverage): readonly string[] {
  const all = hosts.observed.length + hosts.unknown.length;
  return [
    `answered       ${hosts.observed.length} of ${all} nodes`,
    `not reporting  ${namesOf(coverage.outside, 'none')}`,
    `masters        ${namesOf(coverage.masters, 'none found')}`,
    `pages to       ${namesOf(coverage.channels, 'nobody')}`,
  ];
}

/** What is not configured, each with what it would add. */
export function gapLines({ gaps }: Coverage): readonly string[] {
  return gaps.map(gapLine);
}

function gapLine({ missing, adds, causes }: Gap): string {
  const ambiguous =
    causes.length === 0
      ? ''
      : `; without it ${enumerate(causes, causes.length)} cannot be distinguished`;
  return `${missing}: ${printable(adds)}${ambiguous}`;
}

function namesOf(names: readonly string[], none: string): string {
  return names.length === 0 ? none : enumerate(names.map(printable), NAMES);
}
