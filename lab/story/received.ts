import type { OtlpReceiver } from '../otlp/receiver.ts';
import type { ReceivedPoint } from '../otlp/points.ts';

/** How many series the story prints. */
const SERIES = 12;

/** What the OTLP backend received, as a person would want to know it. */
export function received(otlp: OtlpReceiver): string {
  const points = otlp.points();
  const spans = otlp.spans();
  const traces = new Set(spans.map(({ traceId }) => traceId));
  return [
    `${points.length} points of ${new Set(points.map(({ metric }) => metric)).size} metrics, ` +
      `${otlp.logs().length} events, ${spans.length} spans in ${traces.size} traces`,
    ...changingSeries(points),
    ...otlp.logs().map(({ event, body }) => `${event}: ${JSON.stringify(body)}`),
  ].join('\n');
}

/** The series whose values changed, each with its values in order: where the story can be seen. */
function changingSeries(points: readonly ReceivedPoint[]): readonly string[] {
  const series = Map.groupBy(points, nameOf);
  const changing = [...series].flatMap(([name, some]) => {
    const values = some.map(({ value }) => value ?? Number.NaN);
    const changed = new Set(values).size > 1 && !name.includes('vtepwatch.check.');
    return changed ? [`${name}  ${values.map(rounded).join(' -> ')}`] : [];
  });
  const hidden = changing.length - SERIES;
  return hidden > 0 ? [...changing.slice(0, SERIES), `and ${hidden} more series`] : changing;
}

function nameOf({ metric, attributes }: ReceivedPoint): string {
  const labels = Object.entries(attributes)
    .filter(([key]) => key !== 'k8s.cluster.name')
    .map(([, value]) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return `${metric}{${labels.join(', ')}}`;
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
