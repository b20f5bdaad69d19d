import { describe, expect, test } from 'vitest';
import type { Latency, RememberedApi } from '../../../../shared/core/latency.ts';
import { withLateAnswers } from '../../../../shared/core/matrix/api-states.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { type Decision, run } from '../../../../shared/core/run/run.ts';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { hostFigures } from '../../../../shared/core/telemetry/figures.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { cluster, type Cluster, NOW } from '../../../support/cluster.ts';
import { announced, remembered } from '../../../support/runs.ts';

const MASTERS = ['master1', 'master2', 'master3'] as const;

function withMasters(whole: Cluster): Cluster {
  return MASTERS.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        host: { ...answer.host, kubeconfig: '/etc/kubernetes/admin.conf' },
      })),
    whole.listed(),
  );
}

const six = withMasters(cluster(6));
const lost = six.lose('neighbour', { subject: 'master1' });

/** One run: what hosts show, and how long `kubectl get nodes` takes on masters; the others are fast. */
interface Seen {
  readonly sees?: Cluster;
  readonly takes?: Readonly<
    Partial<Record<(typeof MASTERS)[number], number | 'refused' | 'silent'>>
  >;
}

const SLOW: Seen = { takes: { master1: 45 } };
const DOWN: Seen = { takes: { master1: 'refused' } };
const BROKEN: Seen = { ...SLOW, sees: lost };
const WELL: Seen = {};

async function decisions(...runs: readonly Seen[]): Promise<readonly Decision[]> {
  const made: Decision[] = [];
  let apis: readonly RememberedApi[] = [];
  for (const [at, { sees = six, takes = {} }] of runs.entries()) {
    const latencies = MASTERS.flatMap((node) => timed(node, takes[node] ?? 0.2));
    const facts = sees.facts({ now: NOW + at * 60_000, apis });
    const decision = await run(facts, made.at(-1)?.incidents ?? [], recorded(latencies));
    apis = withLateAnswers(decision.apis, latencies, latencies);
    made.push(decision);
  }
  return made;
}

function timed(node: string, takes: number | 'refused' | 'silent'): readonly Latency[] {
  if (takes === 'silent') return [];
  const outcome = takes === 'refused' ? 'failed' : 'answered';
  const detail = takes === 'refused' ? 'connection refused' : '';
  const seconds = takes === 'refused' ? 0.1 : takes;
  return [
    { node, request: { kind: 'get-nodes' }, outcome, seconds, detail },
    { node, request: { kind: 'readyz' }, outcome, seconds: 0.05, detail },
  ];
}

async function announcements(...runs: readonly Seen[]): Promise<readonly string[]> {
  return (await decisions(...runs)).map((one) => announced(one).join());
}

const KEY = 'subject/master1/control-plane';

describe('a slow API server', () => {
  test('is paged by the second measurement running, once, and resolved after two fast ones', async () => {
    expect(await announcements(WELL, SLOW, SLOW, SLOW, WELL, WELL, WELL)).toEqual([
      '',
      '',
      `opened! ${KEY}`,
      '',
      '',
      `resolved! ${KEY}`,
      '',
    ]);
  });

  test('costs no peer: neither the page nor a metric speaks of lost ones', async () => {
    const [, decision] = await decisions(SLOW, SLOW);
    const [page] = decision?.pages ?? [];
    expect(page?.subject).toBe(
      '[WARNING] prod: kubectl get nodes takes 45 s on master1 (slow-control-plane)',
    );
    expect(page?.text).not.toMatch(/unreachable|reach \d|of \d nodes|seen again/);
    expect(page?.text.length).toBeLessThan(2000);
    if (decision === undefined) throw new Error('no decision');
    const report = reportOf(decision);
    expect(report.verdict).toBe('incident');
    const points = pointsOf(report, {
      ...hostFigures(decision.judgement, decision.facts.observations),
      latencies: decision.latencies,
      durationSeconds: 1,
      endedAtSeconds: NOW / 1000,
    });
    const lostPeers = points.filter(({ metric }) => metric === 'vtepwatch.node.lost_peers');
    expect(lostPeers.length).toBeGreaterThan(0);
    expect(lostPeers.filter(({ value }) => value !== 0)).toEqual([]);
    const states = points.filter(({ metric }) => metric === 'vtepwatch.node.count');
    const counted = states.filter(({ value }) => value > 0).map(({ value }) => value);
    expect(counted).toEqual([6]);
  });

  test('neither opens nor resolves while nothing is measured', async () => {
    const silent: Seen = { takes: { master1: 'silent' } };
    expect(await announcements(SLOW, silent, silent)).toEqual(['', '', '']);
    const made = await decisions(SLOW, SLOW, silent, silent, silent);
    expect(made.map((one) => remembered(one).join())).toEqual([
      '',
      `${KEY} open`,
      `${KEY} open`,
      `${KEY} open`,
      `${KEY} open`,
    ]);
  });

  test('that becomes silent is the same incident, paged again as critical, with one end', async () => {
    const made = await decisions(SLOW, SLOW, DOWN, DOWN, SLOW, WELL, WELL);
    expect(made.flatMap(announced)).toEqual([
      `opened! ${KEY}`,
      `worsened! ${KEY}`,
      `updated ${KEY}`,
      `resolved! ${KEY}`,
    ]);
    expect(made[3]?.pages[0]?.subject).toBe(
      '[CRITICAL] prod: no answer from the API server on master1 (control-plane-unreachable)',
    );
  });

  test('goes with its node', async () => {
    const five = withMasters(cluster(6)).facts();
    const [first, second] = await decisions(SLOW, SLOW);
    const gone = {
      ...five,
      now: NOW + 180_000,
      apis: second?.apis ?? [],
      observations: five.observations.filter(
        (one) => one.kind === 'unknown' || one.host.node !== 'master1',
      ),
      nodes:
        five.nodes.kind === 'read'
          ? {
              ...five.nodes,
              before: five.nodes.before.filter(({ name }) => name !== 'master1'),
              after: five.nodes.after.filter(({ name }) => name !== 'master1'),
            }
          : five.nodes,
      roster: [],
    };
    expect(first && announced(first)).toEqual([]);
    const third = await run(gone, second?.incidents ?? [], recorded([]));
    const fourth = await run({ ...gone, now: NOW + 240_000 }, third.incidents, recorded([]));
    expect([third, fourth].flatMap(announced)).toEqual([`resolved! ${KEY}`]);
  });
});

describe('an API server that gets no answer', () => {
  test('is critical, and paged by the second measurement running', async () => {
    expect(await announcements(DOWN, DOWN, WELL, WELL)).toEqual([
      '',
      `opened! ${KEY}`,
      '',
      `resolved! ${KEY}`,
    ]);
  });

  test('of all masters at once is one page', async () => {
    const all: Seen = { takes: { master1: 'refused', master2: 'refused', master3: 'refused' } };
    expect(await announcements(all, all, WELL, WELL)).toEqual([
      '',
      'opened! cluster/control-plane-unreachable',
      '',
      'resolved! cluster/control-plane-unreachable',
    ]);
  });
});

describe('the recorded incident: 45 s on the master whose VTEP is lost', () => {
  test('is one incident, with the slow API server in its evidence', async () => {
    const made = await decisions(BROKEN, BROKEN, BROKEN, BROKEN);
    expect(made.flatMap(announced)).toEqual(['opened! subject/master1']);
    expect(made[0]?.pages[0]?.text).toContain('kubectl get nodes took 45.0 s');
  });

  test('an API server that stays slow after the repair is paged after two measurements of its own', async () => {
    expect(await announcements(BROKEN, BROKEN, SLOW, SLOW, SLOW, SLOW)).toEqual([
      'opened! subject/master1',
      '',
      '',
      'resolved! subject/master1',
      '',
      `opened! ${KEY}`,
    ]);
  });

  test('a VTEP that is lost later neither resolves a slow API server nor pages it again', async () => {
    const made = await decisions(SLOW, SLOW, BROKEN, BROKEN, BROKEN, WELL, WELL, WELL, WELL);
    expect(made.flatMap(announced)).toEqual([
      `opened! ${KEY}`,
      'opened! subject/master1',
      'resolved! subject/master1',
      `resolved! ${KEY}`,
    ]);
  });

  test('a host that is cut off, and may run an aggregated API, explains slow masters', async () => {
    const all: Seen = { takes: { master1: 45, master2: 45, master3: 45 } };
    const cut = { ...all, sees: six.dropDevice('node2') };
    expect((await decisions(cut, cut, cut)).flatMap(announced)).toEqual(['opened! observer/node2']);
  });

  test('one lost pair of workers explains nothing', async () => {
    const pair = six.lose('neighbour', { observer: 'node1', subject: 'node2' });
    const made = await decisions({ ...SLOW, sees: pair }, { ...SLOW, sees: pair });
    expect(made.flatMap(announced)).toEqual([`opened! ${KEY}`]);
  });

  test('what pages nobody explains nothing', async () => {
    const weak = six.weaken({ subject: 'master1' });
    const made = await decisions({ ...SLOW, sees: weak }, { ...SLOW, sees: weak });
    expect(made.flatMap(announced)).toEqual(['opened subject/master1', `opened! ${KEY}`]);
  });
});
