import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderMatrix } from '../../cli/render/matrix.ts';
import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import { pageOf } from '../../shared/core/page/page.ts';
import { parseTime } from '../../shared/core/time.ts';
import { guarded } from '../support/fixes.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const README = await readFile(path.join(ROOT, 'README.md'), 'utf8');

const PEERS = ['master2', 'master3', 'node1', 'node2', 'node3'];
const ALL = PEERS.join(', ').replace(/, (?=\w+$)/, ' and ');

const REPLACE = guarded(
  { tunnelIp: '10.68.0.0', mac: '36:9b:9c:53:4a:10' },
  'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:4a:10 dev flannel.1 nud permanent',
);

/** The recorded incident, as the lab's run of `npm start` had it whose output the README shows. */
const INCIDENT: ReportedIncident = {
  key: 'demo/subject/master1',
  scope: 'subject',
  cause: 'neighbour-missing',
  otherCauses: [],
  severity: 'critical',
  phase: 'open',
  since: '2026-11-25T14:40:50.000Z',
  notSeenAt: '2026-11-25T14:40:42.000Z',
  subject: 'master1',
  vtep: { underlayIp: '192.168.1.140', tunnelIp: '10.68.0.0' },
  observers: PEERS,
  checkedPeers: 5,
  missingPeers: 5,
  entries: PEERS.map((observer) => ({
    observer,
    subject: 'master1',
    table: 'neighbour',
    device: 'flannel.1',
    family: 'ipv4',
    expected: '10.68.0.0 dev flannel.1 lladdr 36:9b:9c:53:4a:10 PERMANENT',
    found: observer === 'node2' ? '10.68.0.0 dev flannel.1 INCOMPLETE' : '',
  })),
  evidence: [
    'master1: no answer yet from kubectl get nodes and /readyz after 15.2 s',
    'master1: /apis/custom.metrics.k8s.io/v1beta1 failed after 8.00 s (no answer in that time)',
    `${ALL} hold: 36:9b:9c:53:4a:10 dev flannel.1 dst 192.168.1.140 self permanent`,
    `${ALL} hold: 10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink`,
    'node2 holds: 10.68.0.0 dev flannel.1 INCOMPLETE',
  ],
  fix: [
    {
      kind: 'entries',
      hosts: PEERS,
      runs: 'on-hosts',
      commands: [REPLACE],
      remotely: [
        `aws ssm send-command --region eu-central-1 --document-name AWS-RunShellScript --instance-ids ${PEERS.map((_, at) => `mi-0000000000000014${at + 1}`).join(' ')} --max-concurrency 10% --max-errors 1 --parameters '{"commands":["${REPLACE}"]}'`,
      ],
      check: {
        host: 'master2',
        command: 'ip neigh show 10.68.0.0 dev flannel.1',
        shows: 'lladdr 36:9b:9c:53:4a:10 PERMANENT',
      },
    },
    {
      kind: 'restart',
      hosts: PEERS,
      runs: 'anywhere',
      commands: [
        `for n in ${PEERS.join(' ')}; do kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://192.168.1.141:6443 -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=$n; done`,
      ],
      condition: 'Only if that fails, or the entries get lost again:',
      interrupts: 'nothing: pods keep their network',
      kubectlOn: 'master2',
      agent: 'flannel',
    },
  ],
};

const REPORT: Report = {
  cluster: 'demo',
  at: INCIDENT.since,
  verdict: 'incident',
  hosts: { observed: ['master1', ...PEERS], unknown: [] },
  incidents: [INCIDENT],
  problems: [],
  latencies: [],
};

describe('the README', () => {
  test('shows the matrix as it is printed', () => {
    expect(README).toContain(`\n${renderMatrix(REPORT).join('\n')}\n\n`);
  });

  test('shows the page as it goes out', () => {
    const now = parseTime(INCIDENT.since) ?? 0;
    const { text } = pageOf({ kind: 'opened', incident: INCIDENT }, { cluster: 'demo', now });
    expect(README).toContain(`\n${text}`);
  });

  test('names no npm script that is not there', async () => {
    const { scripts } = Object(JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')));
    const named = Array.from(README.matchAll(/npm run ([\w:]+)/g), ([, name]) => name);
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !Object.hasOwn(scripts, name ?? ''))).toEqual([]);
  });
});
