import type { ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { groupBy } from '../group.ts';
import { enumerate, printable } from '../plain-text.ts';

/** A command is to be run on every one of these, so few are left out. */
const NAMES = 60;

/** The commands that mend: one for many hosts is printed once, and one heading for many commands. */
export function mendLines({ cause, mend }: ReportedIncident): readonly string[] {
  const byCommand = [...groupBy(mend, ({ command }) => command)].map(([command, alike]) => ({
    command: printable(command),
    heading: headingOf(
      command,
      alike.map(({ where }) => where),
    ),
  }));
  const byHeading = [...groupBy(byCommand, ({ heading }) => heading)];
  // Entries can be put back, or flannel does it when it starts; a drifted device must go before.
  const link = CAUSE_RULES[cause].fix.at === 'subject' ? 'then ' : 'or ';
  const restarts = byHeading.findIndex(
    ([, [first]]) => first !== undefined && isRestart(first.command),
  );
  return byHeading.flatMap(([heading, commands], at) => [
    `${at > 0 && at === restarts ? link : ''}${heading}:`,
    ...commands.map(({ command }) => `  ${command}`),
  ]);
}

function headingOf(command: string, places: readonly string[]): string {
  const where =
    places[0] === 'kubectl'
      ? 'with kubectl'
      : `as root on ${enumerate(places.map(printable), NAMES)}`;
  return isRestart(command) ? `${where}, so that flannel programs everything anew` : where;
}

function isRestart(command: string): boolean {
  return /^(kubectl|systemctl restart) /.test(command);
}
