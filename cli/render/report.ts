import type {
  Checked,
  Report,
  ReportedIncident,
  ReportedLatency,
} from '../../shared/contract/report.ts';
import { wholeTextOf } from '../../shared/core/page/page.ts';
import { enumerate, printable } from '../../shared/core/plain-text.ts';
import { formatDuration, parseTime } from '../../shared/core/time.ts';
import { coverageLines, gapLines, packetsText } from './coverage.ts';
import { renderMatrix, USUAL_COLUMNS } from './matrix.ts';
import { overlayName } from './overlay.ts';

/** How many problems and nodes are printed; `--json` has them all. */
const PROBLEMS = 20;
const NAMES = 12;

/** How many places one problem is printed with. */
const PLACES = 5;

/** How many nodes the first line names: it must stay one that can be read, whatever the cluster's size. */
const FIRST_NAMES = 5;

/** A run's document as text for a terminal of so many columns. */
export function renderReport(report: Report, columns = USUAL_COLUMNS): string {
  return render([
    overview(report),
    renderMatrix(report, columns),
    ...incidents(report),
    ...remarks(report),
    ...coverage(report),
  ]);
}

/** The same for `replay`: what was not understood of a capture stands above the matrix, which depends on it. */
export function renderReplay(
  report: Report,
  captured: string | undefined,
  columns = USUAL_COLUMNS,
): string {
  return render([
    [...overview(report), ...(captured === undefined ? [] : [captured])],
    titled('Problems', problemLines(report)),
    renderMatrix(report, columns),
    ...incidents(report),
    ...remarks({ ...report, problems: [] }),
    ...coverage(report),
  ]);
}

/** The same for `check`, without the matrix where there is no incident to see in it. */
export function renderCheck(report: Report, columns = USUAL_COLUMNS): string {
  return render([
    overview(report),
    ...(report.incidents.length === 0 ? [] : [renderMatrix(report, columns), ...incidents(report)]),
    ...remarks(report),
    ...coverage(report),
  ]);
}

/** The same without the incidents, for a reader who has their pages. */
export function renderBrief(report: Report, columns = USUAL_COLUMNS): string {
  return render([overview(report), renderMatrix(report, columns), ...remarks(report)]);
}

type Section = readonly string[];

function render(sections: readonly Section[]): string {
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** `cluster prod: healthy; canal overlay; 58 of 60 nodes checked; not checked: w7 (joining: booted 30 s ago), …` */
function overview({ cluster, verdict, overlay, checked }: Report): Section {
  const head = `cluster ${printable(cluster)}: ${VERDICTS[verdict]}`;
  if (checked === undefined) return [head];
  const { nodes, of, unchecked, excluded, reason } = checked;
  const named = unchecked.slice(0, FIRST_NAMES).map((one) => `${one.node} (${one.reason})`);
  const more = Math.max(of - nodes, unchecked.length) - named.length;
  const others = more > 0 ? [...named, `${more} more`] : named;
  const parts = [
    ...(reason === undefined || verdict !== 'unjudged' ? [] : [reason]),
    ...(overlay === undefined ? [] : [overlayName(overlay)]),
    ...(of === 0 ? [] : [`${nodes} of ${of} nodes checked`]),
    ...(others.length === 0 ? [] : [`not checked: ${others.join(', ')}`]),
    ...(excluded === undefined ? [] : [`not in the overlay: ${excludedNames(excluded)}`]),
  ];
  return [[head, ...parts.map(printable)].join('; ')];
}

function excludedNames({ count, nodes }: NonNullable<Checked['excluded']>): string {
  const named = nodes.slice(0, FIRST_NAMES);
  return [...named, ...(count > named.length ? [`${count - named.length} more`] : [])].join(', ');
}

function incidents(report: Report): readonly Section[] {
  return report.incidents.map((incident) => incidentLines(report, incident));
}

function coverage(report: Report): readonly Section[] {
  const { packets } = report;
  if (report.coverage === undefined)
    return packets === undefined ? [] : [titled('Packets', [packetsText(packets)])];
  return [
    titled('Coverage', coverageLines(report, report.coverage)),
    titled('What would show more', gapLines(report.coverage)),
  ];
}

function remarks(report: Report): readonly Section[] {
  return [
    titled('Latency', report.latencies.map(latencyLine)),
    titled('Not read', namesOf(report.hosts.unknown)),
    titled('Problems', problemLines(report)),
  ];
}

const VERDICTS: Readonly<Record<Report['verdict'], string>> = {
  healthy: 'healthy',
  incident: 'INCIDENT',
  unjudged: 'could not judge',
};

/** The text of the incident's page. */
function incidentLines(report: Report, incident: ReportedIncident): readonly string[] {
  const kind = incident.phase === 'resolved' ? 'resolved' : 'opened';
  const now = parseTime(report.at) ?? 0;
  const where = { cluster: report.cluster, now, site: report.site };
  const text = wholeTextOf({ kind, incident }, where);
  const suspected = incident.phase === 'suspected' ? ['SUSPECTED: not paged yet'] : [];
  return [...suspected, ...text.trimEnd().split('\n')];
}

const OUTCOMES: Readonly<Record<ReportedLatency['outcome'], string>> = {
  answered: 'answered',
  failed: 'failed',
  'no-answer': 'no answer yet',
};

function latencyLine({
  node,
  request,
  seconds,
  outcome,
  detail,
  askedAt,
}: ReportedLatency): string {
  const took = `${printable(node)}  ${printable(request)}  ${formatDuration(seconds)}  ${OUTCOMES[outcome]}`;
  const asked = askedAt === undefined ? '' : `  (asked at ${printable(askedAt.slice(11, 19))} UTC)`;
  return `${took}${asked}${detail === '' ? '' : `  ${printable(detail)}`}`;
}

function namesOf(nodes: readonly string[]): readonly string[] {
  if (nodes.length === 0) return [];
  const more = nodes.length > NAMES ? ` and ${nodes.length - NAMES} more` : '';
  return [`${nodes.slice(0, NAMES).map(printable).join(', ')}${more}`];
}

function problemLines({ problems }: Report): readonly string[] {
  const alike = [...Map.groupBy(problems, ({ message }) => message)];
  const shown = alike.slice(0, PROBLEMS).map(([message, some]) => {
    const places = enumerate([...new Set(some.map(({ where }) => printable(where)))], PLACES);
    return `${places}: ${printable(message)}`;
  });
  const hidden = alike.length - PROBLEMS;
  return hidden > 0 ? [...shown, `and ${hidden} more`] : shown;
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}
