import type { Latency } from '../../contract/report.ts';
import { openAnswer } from './answer.ts';
import { quote, type Parsed } from './parsed.ts';
import { isUptime, wordsOf } from './words.ts';

/** What the answer calls the request that everybody types. */
const GET_NODES = 'get-nodes';

/** How much of a command's standard error is kept, in characters. */
const DETAIL_LENGTH = 300;

/** Reads a master's answer to the action `latency`: how long its own API server took. */
export function parseLatencyAnswer(node: string, text: string): Parsed<readonly Latency[]> {
  const opened = openAnswer('latency', text);
  if (opened.kind === 'broken') {
    return { value: [], problems: [{ where: node, message: opened.reason }] };
  }
  const lines = opened.payload.split('\n').map(wordsOf);
  const errors = lines.filter(([kind]) => kind === 'E');
  const measurements = lines.filter(([kind]) => kind === 'L');
  const readings = measurements.map(([, ...rest]) => read(node, rest));
  const detailOf = (request: string): string =>
    errors
      .filter(([, of]) => nameOf(of ?? '') === request)
      .map((words) => words.slice(2).join(' '))
      .join('; ')
      .slice(0, DETAIL_LENGTH);
  const value = readings
    .filter((latency) => latency !== undefined)
    .map((latency) => ({ ...latency, detail: detailOf(latency.request) }));
  const measured = new Set(value.map(({ request }) => request));
  const unmeasured = errors.filter(([, of]) => !measured.has(nameOf(of ?? '')));
  const strange = measurements.filter((_, at) => readings[at] === undefined);
  return {
    value,
    problems: [
      ...unmeasured.map((words) => `no latency measured: ${quote(words.slice(2).join(' '))}`),
      ...strange.map((words) => `not a latency: ${quote(words.join(' '))}`),
    ].map((message) => ({ where: node, message })),
  };
}

function read(node: string, words: readonly string[]): Latency | undefined {
  const [request = '', start, end, exit = ''] = words;
  const seconds = Number(end) - Number(start);
  const known = request === GET_NODES || /^\/[a-z0-9./-]{1,200}$/.test(request);
  const timed = isUptime(start) && isUptime(end) && seconds >= 0;
  if (!known || !timed || !/^\d{1,3}$/.test(exit)) return undefined;
  const outcome = exit === '0' ? 'answered' : 'failed';
  return { node, request: nameOf(request), outcome, seconds, detail: '' };
}

function nameOf(request: string): string {
  return request === GET_NODES ? 'kubectl get nodes' : request;
}
