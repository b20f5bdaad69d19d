import type { Fix, ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { enumerate, printable } from '../plain-text.ts';

/** How many hosts a heading names: the reader runs the commands on each of them. */
const NAMES = 60;

/** The ways to fix a fault: a heading for each, with its commands below. */
export function fixLines({ cause, fix }: ReportedIncident): readonly string[] {
  // A restart is another way than putting entries back; a drifted device must be deleted before it.
  const link = CAUSE_RULES[cause].fix.at === 'subject' ? 'then ' : 'or ';
  const firstRestart = fix.findIndex(({ kind }) => kind === 'restart');
  return fix.flatMap((one, at) => [
    `${at > 0 && at === firstRestart ? link : ''}${headingOf(one)}:`,
    ...one.commands.map((command) => `  ${printable(command)}`),
  ]);
}

function headingOf({ kind, hosts }: Fix): string {
  const where =
    hosts.length === 0 ? 'with kubectl' : `as root on ${enumerate(hosts.map(printable), NAMES)}`;
  return kind === 'restart' ? `${where}, so that flannel programs everything anew` : where;
}
