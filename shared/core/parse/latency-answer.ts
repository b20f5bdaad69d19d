import { LATENCY_BYTES } from '../../contract/probe.ts';
import { type Latency, REQUESTS } from '../../contract/report.ts';
import { openAnswer } from './answer.ts';
import { isNodeName } from './kubectl-nodes.ts';
import { quote, type Parsed } from './parsed.ts';
import { isUptime, wordsOf } from './words.ts';

/** How the answer spells the requests that are no paths. */
const GET_NODES = 'get-nodes';
const AGGREGATED_APIS = 'apis';

/** The exit code of a request whose time was over. */
const NOT_IN_TIME = '124';

/** How much of a command's standard error is kept, in characters. */
const DETAIL_LENGTH = 300;

export type MasterAction = 'latency' | 'apis';

export interface MasterAnswer {
  readonly latencies: readonly Latency[];
  /** Nodes out of `kubectl get nodes`: of a large cluster not all, for want of room. */
  readonly names: readonly string[];
}

/** Reads a master's answer: how long its own API server took, and which nodes it listed. */
export function parseMasterAnswer(
  action: MasterAction,
  { node, text }: { readonly node: string; readonly text: string },
): Parsed<MasterAnswer> {
  const opened = openAnswer(action, text);
  if (opened.kind === 'broken') return unusable(node, opened.reason);
  const records = opened.payload.split('\n').filter((line) => !/^(host|boot) /.test(line));
  const { length } = records.join('\n');
  if (length > LATENCY_BYTES) return unusable(node, `${length} bytes are no latencies`);
  const lines = records.map(wordsOf);
  const errors = lines.filter(([kind]) => kind === 'E');
  const measurements = lines.filter(([kind]) => kind === 'L');
  const readings = measurements.map(([, ...rest]) => read(node, rest));
  const detailOf = (request: string): string =>
    errors
      .filter(([, of]) => nameOf(of ?? '') === request)
      .map((words) => words.slice(2).join(' '))
      .join('; ')
      .slice(0, DETAIL_LENGTH);
  const latencies = readings
    .filter((latency) => latency !== undefined)
    .map((latency) => ({ ...latency, detail: detailOf(latency.request) || latency.detail }));
  const measured = new Set(latencies.map(({ request }) => request));
  const unmeasured = errors.filter(([, of]) => !measured.has(nameOf(of ?? '')));
  const strange = measurements.filter((_, at) => readings[at] === undefined);
  const listed = lines.filter(([kind]) => kind === 'K').flatMap(([, ...names]) => names);
  return {
    value: { latencies, names: listed.filter(isNodeName) },
    problems: [
      ...unmeasured.map(([, of, ...words]) => {
        const what = of === AGGREGATED_APIS ? 'aggregated APIs' : 'no latency measured';
        return `${what}: ${quote(words.join(' '))}`;
      }),
      ...strange.map((words) => `not a latency: ${quote(words.join(' '))}`),
    ].map((message) => ({ where: node, message })),
  };
}

function unusable(node: string, message: string): Parsed<MasterAnswer> {
  return { value: { latencies: [], names: [] }, problems: [{ where: node, message }] };
}

function read(node: string, words: readonly string[]): Latency | undefined {
  const [request = '', start, end, exit = ''] = words;
  const seconds = Number(end) - Number(start);
  const known = request === GET_NODES || /^\/[a-z0-9./-]{1,200}$/.test(request);
  const timed = isUptime(start) && isUptime(end) && seconds >= 0;
  if (!known || !timed || !/^\d{1,3}$/.test(exit)) return undefined;
  const outcome = exit === '0' ? 'answered' : 'failed';
  const detail = exit === NOT_IN_TIME ? 'no answer in that time' : '';
  return { node, request: nameOf(request), outcome, seconds, detail };
}

function nameOf(request: string): string {
  return request === GET_NODES ? REQUESTS.getNodes : request;
}
