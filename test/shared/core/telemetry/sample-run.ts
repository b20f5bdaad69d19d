import type { Report, ReportedIncident } from '../../../../shared/contract/report.ts';
import type { NodeFigures } from '../../../../shared/core/telemetry/figures.ts';
import type { Latency } from '../../../../shared/core/latency.ts';
import type { RunFigures } from '../../../../shared/core/telemetry/points.ts';

/** The seed's fault, on the lab's names: all that could be asked have lost master1's neighbour. */
export const LOST_MASTER: ReportedIncident = {
  key: 'lab/subject/master1',
  scope: 'subject',
  cause: 'neighbour-missing',
  otherCauses: [],
  severity: 'critical',
  phase: 'open',
  since: '2026-11-23T09:00:00.000Z',
  subject: 'master1',
  vtep: {
    underlayIp: '192.168.1.140',
    tunnelIp: '10.68.0.0',
    mac: '36:9b:9c:53:4a:10',
    podCidr: '10.68.0.0/24',
  },
  observers: ['master2', 'master3', 'node1', 'node2'],
  checkedPeers: 4,
  missingPeers: 4,
  entries: ['master2', 'master3', 'node1', 'node2'].map((observer) => ({
    observer,
    subject: 'master1',
    table: 'neighbour' as const,
    device: 'flannel.1',
    family: 'ipv4' as const,
    expected: '10.68.0.0 dev flannel.1 lladdr 36:9b:9c:53:4a:10 PERMANENT',
    found: '',
  })),
  evidence: [],
  fix: [],
};

export const REPORT: Report = {
  cluster: 'lab',
  at: '2026-11-23T09:01:00.000Z',
  verdict: 'incident',
  hosts: { observed: ['master1', 'master2', 'master3', 'node1', 'node2'], unknown: ['node3'] },
  incidents: [LOST_MASTER],
  problems: [{ where: 'node3', message: 'no answer within 25 s' }],
  latencies: [],
};

const WELL: NodeFigures = {
  checkedPeers: 4,
  missingPeers: { neighbour: 0, fdb: 0, route: 0 },
  lostPeers: 0,
  ghostEntries: 0,
};

export const FIGURES: RunFigures = {
  durationSeconds: 22.5,
  endedAtSeconds: 1_795_424_482.5,
  nodes: new Map([
    ['master1', { ...WELL, missingPeers: { neighbour: 4, fdb: 0, route: 0 }, lostPeers: 4 }],
    ['master2', WELL],
    ['master3', WELL],
    ['node1', WELL],
    ['node2', { ...WELL, ghostEntries: 2 }],
    // The roster knows its VTEP, so its peers were checked; it could not be asked itself.
    ['node3', { ...WELL, checkedPeers: 5, ghostEntries: undefined }],
  ]),
  latencies: [
    latency('master1', 'answered', 45.1),
    latency('master2', 'answered', 0.21),
    latency('master3', 'no-answer', 18),
    {
      ...latency('master2', 'answered', 7),
      request: { kind: 'api', path: '/apis/metrics.k8s.io/v1beta1' },
    },
  ],
  failures: { timeout: 1 },
  orchestrationDirectories: 4031,
};

export function latency(node: string, outcome: Latency['outcome'], seconds: number): Latency {
  return { node, request: { kind: 'get-nodes' }, outcome, seconds, detail: '' };
}
