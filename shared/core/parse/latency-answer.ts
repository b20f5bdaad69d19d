import { NOT_IN_TIME } from '../../contract/wire.ts';
import { COMPLAINTS, type Latency, type LatencyRequest } from '../latency.ts';
import { type AnswerRecord, readAnswer, recordsOf } from './answer.ts';
import { type Parsed, quote } from './parsed.ts';

/** What stands for a complaint that holds no known phrase: it reaches pages, and a master may write anything. */
const UNKNOWN_COMPLAINT = 'failed';

export type MasterAction = 'latency' | 'apis';

export interface MasterAnswer {
  readonly latencies: readonly Latency[];
  /** Nodes out of `kubectl get nodes`: none of a large cluster, for want of room. */
  readonly names: readonly string[];
  /** Of a large cluster: how many there are, and a sum that differs when their names do. */
  readonly nameSum?: string;
}

type MasterRecords = readonly AnswerRecord<MasterAction>[];

/** Reads a master's answer: how long its own API server took, and which nodes it listed. */
export function parseMasterAnswer(
  action: MasterAction,
  { node, text }: { readonly node: string; readonly text: string },
): Parsed<MasterAnswer> {
  const answer = readAnswer(action, text);
  if (answer.kind === 'broken') {
    const problems = [{ where: node, message: answer.reason }];
    return { value: { latencies: [], names: [] }, problems };
  }
  const latencies = recordsOf(answer.records, 'L')
    .filter(({ start, end }) => start <= end)
    .map(({ request, start, end, exit }): Latency => {
      const inTime = exit === NOT_IN_TIME ? 'no answer in that time' : '';
      return {
        node,
        request: requestOf(request),
        outcome: exit === 0 ? 'answered' : 'failed',
        seconds: end - start,
        detail: complaintsAbout(answer.records, request) || inTime,
      };
    });
  const names = recordsOf(answer.records, 'K').flatMap(({ nodes }) => nodes);
  const problems = troublesOf(answer.records).map((message) => ({ where: node, message }));
  const [table] = recordsOf(answer.records, 'T');
  const nameSum = table === undefined ? {} : { nameSum: `${table.count} ${table.sum}` };
  return { value: { latencies, names, ...nameSum }, problems };
}

function complaintsAbout(records: MasterRecords, asked: string): string {
  const complaints = recordsOf(records, 'E')
    .filter(({ request }) => request === asked)
    .map(({ complaint }) => complaint);
  if (complaints.length === 0) return '';
  const known = COMPLAINTS.filter(({ phrase }) =>
    complaints.some((complaint) => complaint.includes(phrase)),
  );
  return known.length === 0 ? UNKNOWN_COMPLAINT : known.map(({ phrase }) => phrase).join('; ');
}

/** What keeps a latency from being known. */
function troublesOf(records: MasterRecords): readonly string[] {
  const measured = recordsOf(records, 'L');
  const requests = new Set(measured.map(({ request }) => request));
  return [
    ...recordsOf(records, 'E')
      .filter(({ request }) => !requests.has(request))
      .map(({ request, complaint }) => {
        const what = request === 'apis' ? 'aggregated APIs' : 'no latency measured';
        return `${what}: ${quote(complaint)}`;
      }),
    ...measured
      .filter(({ start, end }) => start > end)
      .map(({ request }) => `not a latency: ${request} ended before it began`),
  ];
}

/** What a record's request is: the script has a word for the one, and paths for the others. */
function requestOf(request: string): LatencyRequest {
  switch (request) {
    case 'get-nodes':
      return { kind: 'get-nodes' };
    case '/readyz':
      return { kind: 'readyz' };
    default:
      return { kind: 'api', path: request };
  }
}
