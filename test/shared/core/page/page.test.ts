import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAUSES, SCOPES, SEVERITIES, TABLES } from '../../../../shared/contract/causes.ts';
import { AGENTS, FIX_KINDS, type ReportedIncident } from '../../../../shared/contract/report.ts';
import { mayRepeat } from '../../../../shared/core/page/fitted.ts';
import { type Page, type Paged, pageOf } from '../../../../shared/core/page/page.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { decided } from '../../../support/runs.ts';

const SIX = cluster(6).listed();
const LOST = SIX.ask('INCOMPLETE', { subject: 'master1' });
const WHEN = { cluster: 'prod', now: NOW } as const;

async function incidentOf(damaged: Cluster): Promise<ReportedIncident> {
  const [incident, ...others] = (await decided(damaged.facts())).reported;
  if (incident === undefined || others.length > 0) throw new Error('not one incident');
  return incident;
}

async function pageFor(damaged: Cluster, kind: Paged['kind'] = 'opened'): Promise<Page> {
  return pageOf({ kind, incident: await incidentOf(damaged) }, WHEN);
}

/** The lines of one part of a page, by its title. */
function part(page: Page, title: string): readonly string[] {
  const lines = page.text.split('\n');
  const start = lines.indexOf(title) + 1;
  return lines.slice(start, lines.indexOf('', start)).map((line) => line.trim());
}

describe('a page', () => {
  test('has who, what users notice, what to do, why, in this order', async () => {
    expect((await pageFor(LOST)).text).toBe(`\
CRITICAL  cluster prod
master1 (192.168.1.0, tunnel IP 10.68.0.0) is unreachable from 5 of 5 nodes: master2, master3, node1, node2 and node3.
Users notice   Packets from all 5 checked nodes to master1 are lost, so pods and API calls hang. Every node stays Ready.
Until morning  No. Fix it now; it does not heal by itself.

Fix
  1. Set the right entries, as root on master2, master3, node1, node2 and node3. Interrupts nothing.
       case $(ip addr show dev flannel.1 2>/dev/null) in *[!0-9a-f.:]10.68.0.0/*|*36:9b:9c:53:00:00*) ;; */32*) ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent ;; esac
     Or from a machine with ssh, on all of them:
       for n in master2 master3 node1 node2 node3; do echo 'case $(ip addr show dev flannel.1 2>/dev/null) in *[!0-9a-f.:]10.68.0.0/*|*36:9b:9c:53:00:00*) ;; */32*) ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:00:00 dev flannel.1 nud permanent ;; esac' | ssh $n sudo sh; done
     Check: on master2, ip neigh show 10.68.0.0 dev flannel.1 shows: lladdr 36:9b:9c:53:00:00 PERMANENT
  2. Only if that fails, or the entries get lost again: restart flannel on master2, master3, node1, node2 and node3, with kubectl. Interrupts nothing: pods keep their network.
       for n in master2 master3 node1 node2 node3; do kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=$n; done

Why
  neighbour-missing: The permanent neighbour entry for master1 is gone from all 5 checked nodes. Everything else that was read is correct.
  expected  10.68.0.0 dev flannel.1 lladdr 36:9b:9c:53:00:00 PERMANENT
  found     10.68.0.0 dev flannel.1 INCOMPLETE, on all 5 nodes

Incident  prod/subject/master1
Began     2026-11-23 09:00:00 UTC
Runbook   RUNBOOK.md#neighbour-missing
`);
  });

  test('leads to the runbook where its readers have it', async () => {
    const runbook = 'https://git.example.com/vtepwatch/RUNBOOK.md';
    const { text } = pageOf(
      { kind: 'opened', incident: await incidentOf(LOST) },
      { ...WHEN, runbook },
    );
    expect(text).toContain(`Runbook   ${runbook}#neighbour-missing\n`);
  });

  test('at the end: it is over, what it was and how long it lasted', async () => {
    const incident = { ...(await incidentOf(LOST)), phase: 'resolved' } as const;
    const { text } = pageOf({ kind: 'resolved', incident }, { ...WHEN, now: NOW + 250_000 });
    expect(text).toBe(`\
RESOLVED  cluster prod
master1 (192.168.1.0, tunnel IP 10.68.0.0) is reachable again from every node that had lost it, or has left the cluster.

What it was
  neighbour-missing: The permanent neighbour entry for master1 is gone from all 5 checked nodes. Everything else that was read is correct.

Incident  prod/subject/master1
Began     2026-11-23 09:00:00 UTC, lasted 4 min 10 s
`);
  });

  test('has how long ago it began', async () => {
    const page = pageOf(
      { kind: 'opened', incident: await incidentOf(LOST) },
      { ...WHEN, now: NOW + 200_000 },
    );
    expect(page.text).toContain('Began     2026-11-23 09:00:00 UTC, 3 min 20 s ago\n');
  });

  test('has what else the evidence fits, and the command that tells', async () => {
    expect(part(await pageFor(LOST.hide('routes')), 'Why')).toContain(
      'It may also be entries-missing. To tell them apart, on master2: ip route show dev flannel.1 (is 10.68.0.0/24 there?)',
    );
  });

  test('of a drifted device says in a sentence who has which MAC', async () => {
    const page = await pageFor(SIX.drift('master1'));
    expect(part(page, 'Why')[1]).toBe(
      "master1's flannel.1 has MAC b2:1f:9c:08:64:ee; the old one is 36:9b:9c:53:00:00",
    );
    expect(page.text).not.toContain('expected');
    expect(part(page, 'Fix').filter((line) => !line.startsWith('Check'))).toEqual([
      '1. Restart flannel on master1, with kubectl. Interrupts nothing: pods keep their network.',
      'kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=master1',
      '2. Only if the check still fails ten minutes later: delete the VXLAN device, as root on master1. Interrupts all pod traffic of that host, until flannel has started again.',
      'ip link delete flannel.1',
      '3. After you deleted the device: restart flannel on master1, with kubectl. Interrupts nothing: pods keep their network.',
      'kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=master1',
    ]);
  });

  test('has each way in which Calico may be installed', async () => {
    const calico = SIX.names.reduce(
      (on, name) =>
        on.answer(name, (answer) => ({
          ...answer,
          tables: {
            ...answer.tables,
            devices: answer.tables.devices?.map((one) => ({ ...one, name: 'vxlan.calico' })),
          },
        })),
      SIX,
    );
    expect(part(await pageFor(calico.dropDevice('node2')), 'Fix')).toEqual([
      'Calico (Felix, in the calico-node pod of each node) sets this right within 90 s by itself. Here it has not.',
      "1. Where Calico's operator (namespace calico-system) runs Calico: restart Calico on node2, with kubectl. Interrupts nothing: pods keep their network.",
      'kubectl -n calico-system delete pod -l k8s-app=calico-node --timeout=60s --field-selector spec.nodeName=node2',
      'Check: on node2, ip neigh show dev vxlan.calico nud permanent shows: a line for each other node',
      "2. Where Calico's manifest (namespace kube-system) runs Calico: restart Calico on node2, with kubectl. Interrupts nothing: pods keep their network.",
      'kubectl -n kube-system delete pod -l k8s-app=calico-node --timeout=60s --field-selector spec.nodeName=node2',
    ]);
  });

  test('of a large cluster stays short', async () => {
    const many = cluster(300).lose('neighbour', { subject: 'master1' });
    const { text } = await pageFor(many);
    expect(text.split('\n').length).toBeLessThan(40);
    expect(text).toContain('node105 and 289 more.\n');
    expect(text).toContain('on master2, master3, node1 and perhaps others\n');
  });
});

describe('the first line', () => {
  const row = { observer: 'node2' } as const;
  const lost = { subject: 'master1' } as const;
  const others = 'master2, master3, node1, node2 and node3';
  const known = 'master1 (192.168.1.0, tunnel IP 10.68.0.0)';

  test.for([
    ['a column', SIX.lose('fdb', lost), `${known} is unreachable from 5 of 5 nodes: ${others}.`],
    [
      'a pair',
      SIX.lose('fdb', { ...row, ...lost }),
      `${known} is unreachable from 1 of 5 nodes: node2.`,
    ],
    [
      'a row',
      SIX.lose('fdb', row),
      'node2 (192.168.1.4, tunnel IP 10.68.4.0) cannot reach 5 of 5 nodes.',
    ],
    [
      'every row',
      SIX.lose('neighbour', {}),
      `6 of 6 nodes cannot reach other nodes: master1, ${others}.`,
    ],
    [
      'a column that ages',
      SIX.weaken(lost),
      `5 of 5 nodes hold only a temporary neighbour entry for ${known}: ${others}.`,
    ],
    [
      'a pair that ages',
      SIX.weaken({ ...row, ...lost }),
      `1 of 5 nodes holds only a temporary neighbour entry for ${known}: node2.`,
    ],
    [
      'a row that ages',
      SIX.weaken({ ...row, subject: ['master1', 'node1'] }),
      'node2 (192.168.1.4, tunnel IP 10.68.4.0) holds only temporary neighbour entries for 2 of 5 nodes.',
    ],
    [
      'every column that ages',
      SIX.weaken({}),
      `6 of 6 nodes hold only temporary neighbour entries for other nodes: ${others.replace('master2', 'master1, master2')}.`,
    ],
  ] as const)('of %s', async ([, damaged, line]) => {
    expect((await pageFor(damaged)).text.split('\n')[1]).toBe(line);
  });
});

/** One line each: who is accused of what, with subjects and observers in the singular and plural. */
describe('what is wrong, in a sentence', () => {
  const row = { observer: 'node2' } as const;
  const part2 = { observer: 'node2', subject: ['master1', 'node1'] } as const;
  const pair = { observer: 'node2', subject: 'master1' } as const;

  test.for([
    [
      'a pair',
      SIX.lose('neighbour', pair),
      'The permanent neighbour entry for master1 is gone from node2. Everything else that was read is correct.',
    ],
    [
      'a part of a row',
      SIX.lose('neighbour', part2),
      'The permanent neighbour entry for master1 and node1 is gone from node2. Everything else that was read is correct.',
    ],
    [
      'some of a column',
      SIX.lose('fdb', { subject: 'master1', observer: ['node1', 'node2'] }),
      'The forwarding entry (FDB) for master1 is gone from 2 of the 5 checked nodes. Everything else that was read is correct.',
    ],
    [
      'one checked node',
      cluster(3).listed().silence('master2').lose('fdb', { subject: 'master1' }),
      'The forwarding entry (FDB) for master1 is gone from the only checked node (master3). Everything else that was read is correct.',
    ],
    [
      'two tables',
      SIX.lose('neighbour', pair).lose('fdb', pair),
      'The neighbour and forwarding (FDB) entries for master1 are gone from node2.',
    ],
    [
      'all tables',
      SIX.lose('neighbour', pair).lose('fdb', pair).lose('route', pair),
      'The neighbour entry, the forwarding entry (FDB) and the route for master1 are all missing on node2.',
    ],
    [
      'a route',
      SIX.change('route', part2),
      'The route to the pods on master1 and node1 is gone from node2, or leads elsewhere.',
    ],
    [
      'a row',
      SIX.lose('neighbour', row),
      'All neighbour entries for other nodes are gone from node2. Everything else that was read is there.',
    ],
    [
      'every row',
      SIX.lose('neighbour', {}),
      'All neighbour entries for other nodes are gone from 6 nodes. Everything else that was read is there.',
    ],
    [
      'a row and its routes',
      SIX.lose('neighbour', row).lose('route', row),
      'All neighbour entries and routes for other nodes are gone from node2. The forwarding entries (FDB) are still there. The VXLAN device went down and up, or systemd-networkd restarted.',
    ],
    [
      'nothing programmed',
      SIX.lose('neighbour', row).lose('fdb', row).lose('route', row),
      'There is a VXLAN device on node2, but no neighbour entry, forwarding entry (FDB) or route for any other node.',
    ],
    ['no device', SIX.dropDevice('node2'), 'There is no VXLAN device on node2.'],
    [
      'an old MAC',
      SIX.renew('master1'),
      'The MAC address for master1 on all 5 checked nodes is an old one. The VXLAN device and the node annotation agree on a newer one.',
    ],
    [
      'another MAC',
      cluster(6).change('neighbour', pair),
      "The MAC address for master1 on node2 is not that of the node's own VXLAN device. If the node annotation flannel.alpha.coreos.com/backend-data has the device's MAC address, the other nodes have an old one. If it has another, the device changed its MAC address.",
    ],
    [
      'a drifted MAC',
      SIX.drift('master1'),
      "master1's flannel.1 changed its MAC address. Its node annotation and all 5 checked nodes still have the old one.",
    ],
    [
      'another underlay IP',
      SIX.change('fdb', pair),
      "The forwarding entry (FDB) on node2 sends packets for master1 to an address that is not its host's (underlay IP).",
    ],
    [
      'what ages',
      SIX.weaken(pair),
      'The neighbour entry for master1 on node2 is not permanent. It works until the kernel ages it out.',
    ],
  ] as const)('%s', async ([, damaged, sentence]) => {
    const [line = ''] = part(await pageFor(damaged), 'Why');
    expect(line.replace(/^[a-z-]+: /, '')).toBe(sentence);
  });
});

describe('the subject of a page', () => {
  test.for([
    ['opened', LOST, '[CRITICAL] prod: master1 unreachable from 5 of 5 nodes (neighbour-missing)'],
    [
      'worsened',
      LOST,
      '[CRITICAL] prod: master1 unreachable from 5 of 5 nodes (neighbour-missing)',
    ],
    [
      'resolved',
      LOST,
      '[RESOLVED] prod: master1 unreachable from 5 of 5 nodes (neighbour-missing)',
    ],
    [
      'opened',
      SIX.lose('neighbour', { observer: 'node2' }),
      '[CRITICAL] prod: node2 cannot reach 5 of 5 nodes (neighbours-flushed)',
    ],
    [
      'opened',
      SIX.lose('neighbour', {}),
      '[CRITICAL] prod: 6 of 6 nodes cannot reach others: master1, ... (neighbours-flushed)',
    ],
  ] as const)('%s: %s', async ([kind, damaged, subject]) => {
    expect((await pageFor(damaged, kind)).subject).toBe(subject);
  });

  test.for([
    [
      'prod',
      'ip-10-0-12-34.eu-central-1.compute.internal',
      '[CRITICAL] prod: ip-10-0-12-34 cannot reach 5 of 5 nodes (neighbours-flushed)',
    ],
    [
      'production-eu-central-1-blue',
      'ip-10-0-12-34.eu-central-1.compute.internal',
      '[CRITICAL] ip-10-0-12-34 cannot reach 5 of 5 nodes (neighbours-flushed)',
    ],
    [
      'prod',
      'n'.repeat(63),
      `[CRITICAL] ${'n'.repeat(38)}... cannot reach 5 of 5 nodes (neighbours-flushed)`,
    ],
  ] as const)(
    '%s, %s: cuts the node, then the cluster, and never what is wrong',
    async ([name, node, subject]) => {
      const incident = {
        ...(await incidentOf(SIX.lose('neighbour', { observer: 'node2' }))),
        observers: [node],
      };
      expect(pageOf({ kind: 'opened', incident }, { ...WHEN, cluster: name }).subject).toBe(
        subject,
      );
    },
  );

  test('and the short message of many nodes name the first', async () => {
    expect((await pageFor(SIX.lose('neighbour', {}))).sms).toBe(
      'CRITICAL prod: 6 of 6 nodes cannot reach others: master1, ..., neighbours-flushed',
    );
  });

  test('and the short message say the same', async () => {
    expect((await pageFor(LOST)).sms).toBe(
      'CRITICAL prod: master1 unreachable from 5 of 5 nodes, neighbour-missing',
    );
  });
});

test('whatever is lost wherever, a page has at most 4 kB, and Fix by its tenth line', async () => {
  const names = cluster(30).names;
  const some = fc.option(fc.subarray([...names], { minLength: 1 }), { nil: undefined });
  const damage = fc.record({
    table: fc.constantFrom(...TABLES),
    observer: some,
    subject: some,
  });
  let pages = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
      const damaged = damages.reduce(
        (sofar, { table, observer, subject }) =>
          sofar.lose(table, {
            ...(observer === undefined ? {} : { observer }),
            ...(subject === undefined ? {} : { subject }),
          }),
        cluster(30).listed(),
      );
      for (const incident of (await decided(damaged.facts())).reported) {
        const { text, subject } = pageOf({ kind: 'opened', incident }, WHEN);
        pages += 1;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
        const line = text.split('\n').indexOf('Fix') + 1;
        expect([line > 0, line <= 10]).toEqual([true, true]);
        expect(subject.length).toBeLessThan(100);
      }
    }),
    { numRuns: 25 },
  );
  expect(pages).toBeGreaterThan(20);
});

describe('whatever the document says', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'binary', minLength: 250, maxLength: 900 }),
  );
  const count = fc.nat({ max: 5000 });
  const entry = fc.record({
    observer: text,
    subject: text,
    table: fc.constantFrom(...TABLES),
    device: text,
    family: fc.constantFrom('ipv4', 'ipv6'),
    expected: text,
    found: text,
  });
  const anyIncident: fc.Arbitrary<ReportedIncident> = fc.record({
    key: text,
    scope: fc.constantFrom(...SCOPES),
    cause: fc.constantFrom(...CAUSES),
    otherCauses: fc.subarray([...CAUSES]),
    severity: fc.constantFrom(...SEVERITIES),
    phase: fc.constantFrom('suspected', 'open', 'resolved'),
    since: text,
    subject: fc.option(text, { nil: undefined }),
    vtep: fc.option(fc.record({ underlayIp: text, tunnelIp: text, mac: text, podCidr: text }), {
      nil: undefined,
    }),
    observers: fc.array(text, { maxLength: 20 }),
    checkedPeers: count,
    missingPeers: count,
    entries: fc.array(entry, { maxLength: 10 }),
    evidence: fc.array(text, { maxLength: 5 }),
    fix: fc.array(
      fc.record({
        kind: fc.constantFrom(...FIX_KINDS),
        hosts: fc.array(text, { maxLength: 5 }),
        runs: fc.constantFrom('on-hosts', 'anywhere'),
        commands: fc.array(text, { maxLength: 5 }),
        remotely: fc.array(text, { maxLength: 3 }),
        condition: fc.option(text, { nil: undefined }),
        interrupts: fc.option(text, { nil: undefined }),
        check: fc.record({ host: text, command: text, shows: text }),
        agent: fc.option(fc.constantFrom(...AGENTS), { nil: undefined }),
      }),
      { maxLength: 5 },
    ),
  });
  const kinds = fc.constantFrom<Paged['kind']>('opened', 'worsened', 'reminder', 'resolved');

  test('a subject is one line of ASCII with at most 100 characters', () => {
    fc.assert(
      fc.property(anyIncident, kinds, text, (incident, kind, name) => {
        const { subject } = pageOf({ kind, incident }, { cluster: name, now: NOW });
        expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  test('a text has at most 4 kB, and a short message 140 characters of GSM-7', () => {
    fc.assert(
      fc.property(anyIncident, kinds, text, (incident, kind, name) => {
        const page = pageOf({ kind, incident }, { cluster: name, now: NOW });
        // The whole of what is sent: a run without its state adds a line.
        expect(Buffer.byteLength(mayRepeat(page.text))).toBeLessThanOrEqual(4096);
        expect(page.sms).toMatch(/^[A-Za-z0-9 @$_!"#%&'()*+,\-./:;<=>?]{1,140}$/);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  test('a text holds no control character but line breaks, and nothing that turns its direction', () => {
    fc.assert(
      fc.property(anyIncident, kinds, text, (incident, kind, name) => {
        const page = pageOf({ kind, incident }, { cluster: name, now: NOW });
        expect(page.text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});
