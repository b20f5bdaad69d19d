import type { ReportedEntry, ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { groupBy } from '../group.ts';
import { ENTRIES_PER_INCIDENT } from '../report/incident-report.ts';
import { enumerate, printable } from '../plain-text.ts';

/** How many entries a page shows, and how many nodes beside each; the report has them all. */
const ENTRIES = 6;
const NAMES = 10;

interface Labels {
  readonly expected: string;
  readonly found: string;
}

const USUAL: Labels = { expected: 'expected  ', found: 'found     ' };

/** Where the subject is at fault, its device has what its peers correctly do not hold. */
const AT_SUBJECT: Labels = { expected: 'device has ', found: 'nodes hold ' };

/** What should be there, once; and what was found, grouped by what it is. */
export function entryLines({ cause, subject, entries }: ReportedIncident): readonly string[] {
  const atSubject = CAUSE_RULES[cause].fix.at === 'subject';
  const labels = atSubject ? AT_SUBJECT : USUAL;
  const shownEntries = atSubject ? entries.filter((entry) => entry.subject === subject) : entries;
  // The report carries only the first of very many entries: how many there are is not known here.
  const isCut = entries.length === ENTRIES_PER_INCIDENT;
  const alike = [...groupBy(shownEntries, ({ expected }) => expected)];
  const shown = alike
    .slice(0, ENTRIES)
    .flatMap(([expected, some]) => [
      `${labels.expected}${printable(expected)}`,
      ...[...groupBy(some, ({ found }) => found)].map(
        ([found, these]) => `${labels.found}${textOf(found)}, on ${observersOf(these, isCut)}`,
      ),
    ]);
  const hidden = alike.length - ENTRIES;
  const count = isCut ? 'more' : `${hidden} more`;
  return hidden > 0 ? [...shown, `and ${count} like these`] : shown;
}

function textOf(found: string): string {
  return found === '' ? 'nothing' : printable(found);
}

function observersOf(entries: readonly ReportedEntry[], isCut: boolean): string {
  const names = [...new Set(entries.map(({ observer }) => printable(observer)))];
  return isCut && names.length > NAMES
    ? `${names.slice(0, NAMES).join(', ')} and others`
    : enumerate(names, NAMES);
}
