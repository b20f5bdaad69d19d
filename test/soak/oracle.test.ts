import { describe, expect, test } from 'vitest';
import type { PublishedPage } from '../../soak/account/sns.ts';
import type { Claim } from '../../soak/oracle/claim.ts';
import { Oracle, type Verdict } from '../../soak/oracle/oracle.ts';
import type { Damage, StoryEvent } from '../../soak/story.ts';
import { playedWorld } from '../../soak/world/play.ts';
import type { Report, ReportedIncident } from '../../shared/contract/report.ts';

const START = 1_795_424_400_000;
const NAMES = ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'] as const;
const PEERS = NAMES.slice(1);

/** What a run of these stories says: an incident, and what it pages about it. */
interface RunOutcome {
  readonly page?: PublishedPage['kind'];
  readonly claim?: Partial<Claim>;
  readonly unknown?: readonly string[];
}

const COLUMN: Claim = {
  key: 'soak/subject/master1',
  cause: 'neighbour-missing',
  otherCauses: [],
  scope: 'subject',
  subject: 'master1',
  observers: PEERS,
};

const LOST: Damage = {
  kind: 'entries-lost',
  tables: ['neighbour'],
  subjects: ['master1'],
  observers: 'others',
};

const GROUP: Partial<Claim> = {
  key: 'soak/group/neighbour-missing',
  scope: 'group',
  subject: undefined,
  subjects: ['master1', 'master2', 'node1'],
  observers: [...NAMES],
};

interface Circumstances {
  readonly damage?: Damage;
  readonly repairedAfter?: number;
  readonly repairLasts?: number;
  readonly more?: readonly StoryEvent[];
}

const MOVED: Damage = { kind: 'old-address', subject: 'master1', observers: ['node1'] };

/** Plays one fault, at 50 s, and lets a made-up function say these things, a minute apart. */
function judged(
  outcomes: readonly RunOutcome[],
  { damage = LOST, repairedAfter, repairLasts = 0, more = [] }: Circumstances = {},
): Verdict {
  const event: StoryEvent = {
    at: 50,
    kind: 'fault',
    fault: 'fault1',
    damage,
    repairedAfter,
    repairLasts,
  };
  const events = [event, ...more];
  const story = { name: 'test', nodes: 6, masters: 3, keepsMac: true, ticks: 9, events };
  const played = playedWorld(story, START);
  const oracle = new Oracle(played, { deployment: 'kubeconfig', start: START });
  for (const [number, one] of outcomes.entries()) {
    const at = START + number * 60_000;
    played.world.agenda.advanceTo(at);
    oracle.runBegins();
    const claim = { ...COLUMN, ...one.claim };
    const pages = one.page === undefined ? [] : [pageOf(claim, one.page, at)];
    oracle.runEnded({ report: reportOf(claim, one), error: undefined }, pages);
  }
  return oracle.verdict();
}

function pageOf({ key }: Claim, kind: PublishedPage['kind'], at: number): PublishedPage {
  return { key, kind, subject: '', text: '', at };
}

function reportOf(claim: Claim, { unknown = [] }: RunOutcome): Report {
  const incident: ReportedIncident = {
    severity: 'critical',
    phase: 'open',
    since: '',
    checkedPeers: 5,
    missingPeers: 5,
    entries: [],
    evidence: [],
    fix: [],
    ...claim,
    otherCauses: [...claim.otherCauses],
    observers: [...claim.observers],
  };
  return {
    cluster: 'soak',
    at: '',
    verdict: 'incident',
    hosts: { observed: NAMES.filter((name) => !unknown.includes(name)), unknown: [...unknown] },
    incidents: [incident],
    problems: [],
    latencies: [],
  };
}

function kindsOf({ failures }: Verdict): readonly string[] {
  return failures.map(({ kind }) => kind);
}

const NOTHING: RunOutcome = {};
const OPENED: RunOutcome = { page: 'opened' };
const RESOLVED: RunOutcome = { page: 'resolved' };

function times(count: number, one: RunOutcome): readonly RunOutcome[] {
  return Array.from({ length: count }, () => one);
}

describe('Oracle', () => {
  test('one page about a fault and one about its end are right', () => {
    const verdict = judged([NOTHING, OPENED, NOTHING, NOTHING, RESOLVED], { repairedAfter: 100 });
    expect(verdict).toMatchObject({
      failures: [],
      pages: 2,
      faults: [{ pages: 2, keys: 1, seconds: 10 }],
    });
  });

  test.for<readonly [string, readonly RunOutcome[], Circumstances, readonly string[]]>([
    ['before the fault', [OPENED, RESOLVED], {}, ['false-page']],
    ['never', times(6, NOTHING), {}, ['missed']],
    [
      'about another row',
      [
        NOTHING,
        {
          page: 'opened',
          claim: {
            key: 'soak/observer/node1',
            scope: 'observer',
            subject: undefined,
            observers: ['node1'],
          },
        },
      ],
      {},
      ['false-page'],
    ],
    [
      'under another cause',
      [NOTHING, { page: 'opened', claim: { cause: 'fdb-missing' } }],
      {},
      ['wrong-cause'],
    ],
    [
      'as empty tables, where each has lost all others',
      [
        NOTHING,
        {
          page: 'opened',
          claim: {
            key: 'soak/cluster/tables-empty',
            cause: 'tables-empty',
            scope: 'cluster',
            subject: undefined,
            observers: [...NAMES],
          },
        },
      ],
      {
        damage: {
          kind: 'entries-lost',
          tables: ['neighbour', 'fdb', 'route'],
          subjects: NAMES,
          observers: 'others',
        },
      },
      [],
    ],
    [
      'under two keys',
      [NOTHING, OPENED, { page: 'opened', claim: { key: 'soak/pair/node1:master1' } }],
      {},
      ['second-key'],
    ],
    [
      'under a second key, for a node whose weak entries it has taken',
      [NOTHING, { page: 'opened', claim: GROUP }, { page: 'opened', claim: { observers: PEERS } }],
      {
        damage: { ...LOST, subjects: ['master1', 'master2', 'node1'] },
        more: [
          {
            at: 49,
            kind: 'fault',
            fault: 'weak',
            damage: { kind: 'not-permanent', subject: 'master1', observers: ['node2'] },
            repairedAfter: undefined,
            repairLasts: 0,
          },
        ],
      },
      ['second-key'],
    ],
    [
      'about the row that is left of it',
      [
        NOTHING,
        {
          page: 'opened',
          claim: {
            key: 'soak/observer/node3',
            scope: 'observer',
            subject: undefined,
            observers: ['node3'],
            missingPeers: 3,
          },
        },
      ],
      {
        damage: { ...LOST, subjects: ['master1', 'master2', 'node1'] },
        more: NAMES.filter((node) => node !== 'node3').map((node) => ({
          at: 60,
          kind: 'restart-flanneld',
          node,
          downFor: 1,
        })),
      },
      [],
    ],
    ['resolved while it lasts', [NOTHING, OPENED, RESOLVED], {}, ['resolved-early']],
    [
      'resolved and opened while it lasts',
      [NOTHING, OPENED, RESOLVED, OPENED],
      {},
      ['resolved-early', 'flapping'],
    ],
    [
      'never resolved',
      [NOTHING, OPENED, ...times(12, NOTHING)],
      { repairedAfter: 60 },
      ['left-open'],
    ],
    [
      'about an entry that works',
      [NOTHING, OPENED],
      { damage: { kind: 'not-permanent', subject: 'master1', observers: 'others' } },
      ['false-page'],
    ],
    [
      'accusing the subject of a lost row',
      [NOTHING, { page: 'opened', claim: { observers: ['node1'] } }],
      { damage: { kind: 'flush', observers: ['node1'], tables: ['neighbour'] } },
      ['wrong-victim'],
    ],
  ])('a page %s', ([, outcomes, circumstances, kinds]) => {
    expect(kindsOf(judged(outcomes, circumstances))).toEqual(kinds);
  });

  test('what a reboot takes from a host that was repaired is no part of the fault', () => {
    const reboot: StoryEvent = {
      at: 301,
      kind: 'reboot',
      node: 'node1',
      downFor: 10,
      flanneldAfter: 900,
    };
    const outcomes = [NOTHING, OPENED, ...times(6, NOTHING), RESOLVED];
    const more = [reboot];
    expect(kindsOf(judged(outcomes, { repairedAfter: 60, repairLasts: 300, more }))).toEqual([]);
  });

  const small = (at: number, damage: Damage = MOVED): StoryEvent => ({
    at,
    kind: 'fault',
    fault: 'fault2',
    damage,
    repairedAfter: undefined,
    repairLasts: 0,
  });
  const others: Damage = { ...LOST, observers: ['master2', 'master3', 'node2', 'node3'] };

  const BOTH: RunOutcome = { page: 'opened', claim: { otherCauses: ['underlay-moved'] } };

  test('a small fault is not hidden where the page of a larger one names it, and how it is wrong', () => {
    const outcomes = [NOTHING, BOTH, ...times(9, NOTHING)];
    expect(kindsOf(judged(outcomes, { damage: others, more: [small(55)] }))).toEqual([]);
  });

  test('it is hidden where that page says nothing of how', () => {
    const outcomes = [NOTHING, OPENED, ...times(9, NOTHING)];
    expect(kindsOf(judged(outcomes, { damage: others, more: [small(55)] }))).toEqual(['hidden']);
  });

  test('it is hidden where it came after that page', () => {
    const outcomes = [NOTHING, BOTH, ...times(9, NOTHING)];
    expect(kindsOf(judged(outcomes, { damage: others, more: [small(70)] }))).toEqual(['hidden']);
  });

  test('it is hidden where it joined an incident of which nobody was paged again', () => {
    const few: Damage = { ...LOST, observers: ['master2', 'master3'] };
    const outcomes: readonly RunOutcome[] = [
      NOTHING,
      { page: 'opened', claim: { observers: ['master2', 'master3'] } },
      { claim: { observers: [...PEERS] } },
      ...times(9, NOTHING),
    ];
    expect(kindsOf(judged(outcomes, { damage: few, more: [small(70)] }))).toEqual(['hidden']);
  });

  test('a device that drifts is not hidden where the worsened page names it for all', () => {
    const stale: Damage = { kind: 'old-mac', subject: 'master1', observers: ['node1', 'node2'] };
    const observers = ['node1', 'node2'];
    const outcomes: readonly RunOutcome[] = [
      NOTHING,
      { page: 'opened', claim: { cause: 'stale-mac', observers } },
      { page: 'worsened', claim: { cause: 'mac-drift', observers: [...PEERS] } },
      ...times(9, NOTHING),
    ];
    const more = [small(100, { kind: 'drift', subject: 'master1' })];
    expect(kindsOf(judged(outcomes, { damage: stale, more }))).toEqual([]);
  });

  test('what is done again before its RESOLVED is still the same page', () => {
    const more = [small(200, LOST)];
    const outcomes = [NOTHING, OPENED, ...times(12, NOTHING)];
    expect(kindsOf(judged(outcomes, { repairedAfter: 100, more }))).toEqual([]);
    const resolved = [NOTHING, OPENED, NOTHING, RESOLVED, ...times(10, NOTHING)];
    expect(kindsOf(judged(resolved, { repairedAfter: 90, more }))).toEqual(['missed']);
  });

  test('a page that comes again under another cause is the first of the fault that came meanwhile', () => {
    const drift: StoryEvent = small(130, { kind: 'drift', subject: 'master1' });
    const worse: RunOutcome = { page: 'worsened', claim: { cause: 'mac-drift' } };
    const runs = [NOTHING, OPENED, NOTHING, worse, ...times(9, NOTHING)];
    const partly: Damage = { ...LOST, observers: ['node1', 'node2'] };
    const verdict = judged(runs, { damage: partly, more: [drift] });
    expect(kindsOf(verdict)).toEqual([]);
    expect(verdict.faults.map(({ keys }) => keys)).toEqual([1, 1]);
    const same = [NOTHING, OPENED, NOTHING, { page: 'worsened' } as const, ...times(9, NOTHING)];
    expect(kindsOf(judged(same, { damage: partly, more: [drift] }))).toEqual(['hidden']);
  });

  test('a node that is cut off from all is named by its row or its column', () => {
    const damage: Damage = { kind: 'partition', side: ['master1'] };
    const row = { key: 'soak/observer/master1', scope: 'observer', subject: undefined } as const;
    const opened = (claim: Partial<Claim>): readonly RunOutcome[] => [
      NOTHING,
      { page: 'opened', claim },
    ];
    const cause = 'tables-empty';
    const right = opened({ ...row, cause, observers: ['master1'] });
    expect(kindsOf(judged(right, { damage }))).toEqual([]);
    const wrong = opened({ key: 'soak/subject/node1', subject: 'node1', observers: ['master1'] });
    expect(kindsOf(judged(wrong, { damage }))).not.toEqual([]);
  });

  const PARTITION: Damage = { kind: 'partition', side: ['node2', 'node3'] };
  const apart = (at: number, side: readonly string[]): StoryEvent =>
    small(at, { kind: 'partition', side });

  test('a new key during another fault is about the newest fault, which it has whole', () => {
    const first = { key: 'soak/cluster/partition', cause: 'partition', scope: 'cluster' } as const;
    const all = { ...first, subject: undefined, observers: [...NAMES] };
    const second = { key: 'soak/group/never-programmed', cause: 'never-programmed' } as const;
    const outcomes: readonly RunOutcome[] = [
      NOTHING,
      { page: 'opened', claim: all },
      NOTHING,
      {
        page: 'opened',
        claim: { ...all, ...second, observers: ['master1', 'master2', 'master3', 'node1'] },
      },
      ...times(6, NOTHING),
    ];
    const more = [apart(150, ['node1', 'node2', 'node3'])];
    const kinds = kindsOf(judged(outcomes, { damage: PARTITION, more }));
    expect(kinds).not.toContain('second-key');
    expect(kinds).not.toContain('hidden');
  });

  describe('three nodes with one cause', () => {
    const damage: Damage = { ...LOST, subjects: ['master1', 'master2', 'node1'] };
    const of = (subject: string): RunOutcome => ({
      page: 'opened',
      claim: {
        key: `soak/subject/${subject}`,
        subject,
        observers: NAMES.filter((name) => name !== subject),
      },
    });
    const outcomes = [
      NOTHING,
      of('master1'),
      of('master2'),
      { page: 'opened', claim: GROUP } as const,
    ];
    const silent: StoryEvent = {
      at: 40,
      kind: 'agent',
      node: 'node1',
      trouble: { kind: 'offline' },
      lasts: 60,
    };

    test('are one incident where a run could see them', () => {
      expect(kindsOf(judged(outcomes, { damage }))).toEqual(['second-key', 'second-key']);
    });

    test('keep the keys of two that were paged before the third was seen', () => {
      expect(kindsOf(judged(outcomes, { damage, more: [silent] }))).toEqual([]);
    });

    test('are two where an earlier fault has one of them', () => {
      const earlier = { ...small(40, { ...LOST, tables: ['fdb'] }), fault: 'fault0' };
      const first = of('master1');
      const runs = [NOTHING, first, of('master2'), of('node1')];
      const kinds = kindsOf(judged(runs, { damage, more: [earlier] }));
      expect(kinds).not.toContain('second-key');
    });
  });

  test('what a larger fault has taken from the same tables cannot be seen any more', () => {
    const later = small(70, { ...LOST, tables: ['fdb'] });
    const cause = 'fdb-missing';
    const outcomes: readonly RunOutcome[] = [
      NOTHING,
      NOTHING,
      { page: 'opened', claim: { cause } },
      ...times(9, NOTHING),
    ];
    expect(kindsOf(judged(outcomes, { damage: MOVED, more: [later] }))).toEqual([]);
    const elsewhere = small(70, {
      ...LOST,
      tables: ['fdb'],
      observers: PEERS.filter((name) => name !== 'node1'),
    });
    expect(kindsOf(judged(outcomes, { damage: MOVED, more: [elsewhere] }))).toEqual(['hidden']);
  });

  test('a network over the pods of a peer is one fault, of the node that has it', () => {
    const damage: Damage = { kind: 'overlap', subject: 'node1', peer: 'node2' };
    const opened = (claim: Partial<Claim>): readonly RunOutcome[] => [
      NOTHING,
      { page: 'opened', claim: { cause: 'overlap', ...claim } },
    ];
    const right = { key: 'soak/subject/node1', subject: 'node1', observers: ['node2'] };
    const judgedKinds = (claim: Partial<Claim>): readonly string[] =>
      kindsOf(judged(opened({ ...right, ...claim }), { damage }));
    expect(judgedKinds({})).toEqual([]);
    expect(judgedKinds({ cause: 'route-missing' })).toEqual(['wrong-cause']);
    expect(judgedKinds({ subject: 'node3' })).toEqual(['false-page']);
    expect(kindsOf(judged(times(9, NOTHING), { damage }))).toEqual(['missed']);
  });

  test('a network over the pods of a peer has a key of its own, though all of its node is wrong already', () => {
    const drift: Damage = { kind: 'drift', subject: 'master1' };
    const overlap = small(100, { kind: 'overlap', subject: 'master1', peer: 'node2' });
    const claim: Partial<Claim> = {
      key: 'soak/subject/master1/overlap',
      cause: 'overlap',
      observers: ['node2'],
    };
    const outcomes: readonly RunOutcome[] = [
      NOTHING,
      { page: 'opened', claim: { cause: 'mac-drift', observers: [...PEERS] } },
      { page: 'opened', claim },
      ...times(4, NOTHING),
    ];
    const verdict = judged(outcomes, { damage: drift, more: [overlap] });
    expect(kindsOf(verdict)).toEqual([]);
    expect(verdict.faults.map(({ keys }) => keys)).toEqual([1, 1]);
  });

  test('a bridge with addresses of another network pages nobody', () => {
    const damage: Damage = { kind: 'bridge', subject: 'node1', address: '10.99.4.1/24' };
    const claim: Partial<Claim> = {
      key: 'soak/subject/node1',
      cause: 'bridge-mismatch',
      subject: 'node1',
      observers: [],
    };
    expect(kindsOf(judged(times(9, NOTHING), { damage }))).toEqual([]);
    expect(kindsOf(judged([NOTHING, { page: 'opened', claim }], { damage }))).toEqual([
      'false-page',
    ]);
  });

  describe('packets that are lost while all tables are right', () => {
    const key = 'soak/subject/node2/overlay-blackhole';
    const claim: Partial<Claim> = {
      key,
      cause: 'overlay-blackhole',
      subject: 'node2',
      observers: [],
    };
    const before = { damage: MOVED, repairedAfter: 5 };
    const lost: StoryEvent = {
      at: 250,
      kind: 'fault',
      fault: 'packets',
      damage: { kind: 'packets-lost', nodes: ['node2'], which: 'all', direction: 'in' },
      repairedAfter: undefined,
      repairLasts: 0,
    };
    const outcomes = (...runs: readonly RunOutcome[]): readonly string[] =>
      kindsOf(judged([...times(6, NOTHING), ...runs], { ...before, more: [lost] }));

    test('are to be paged, once enough runs have seen it', () => {
      expect(outcomes(...times(2, NOTHING))).toEqual([]);
      expect(outcomes(...times(5, NOTHING))).toEqual(['missed']);
      expect(outcomes({ page: 'opened', claim }, ...times(4, { claim }))).toEqual([]);
    });

    test('have no other cause, and no other node', () => {
      const named = { ...claim, cause: 'fdb-missing' } as const;
      expect(outcomes({ page: 'opened', claim: named })).toEqual(['wrong-cause']);
      const other = { ...claim, subject: 'node3' };
      expect(outcomes({ page: 'opened', claim: other })).toEqual(['false-page']);
    });
  });

  test('what is wrong again after it was right is no part of the first fault', () => {
    const later = small(200, MOVED);
    const moved: RunOutcome = {
      page: 'opened',
      claim: {
        key: 'soak/pair/node1:master1',
        scope: 'pair',
        cause: 'underlay-moved',
        observers: ['node1'],
      },
    };
    const outcomes = [NOTHING, OPENED, NOTHING, NOTHING, RESOLVED, moved];
    expect(
      kindsOf(judged(outcomes, { repairedAfter: 60, repairLasts: 60, more: [later] })),
    ).toEqual([]);
  });

  describe('a partition within another one', () => {
    const both = [apart(150, ['master1', 'node2'])];
    const first: RunOutcome = {
      page: 'opened',
      claim: {
        key: 'soak/cluster/partition',
        cause: 'partition',
        scope: 'cluster',
        subject: undefined,
        observers: [...NAMES],
      },
    };
    const opened = (claim: Partial<Claim>): RunOutcome => ({
      page: 'opened',
      claim: { cause: 'tables-empty', subject: undefined, ...claim },
    });
    const row = opened({
      key: 'soak/observer/master1',
      scope: 'observer',
      observers: ['master1'],
      missingPeers: 3,
    });
    const pair = opened({
      key: 'soak/pair/node3:node2',
      scope: 'pair',
      subject: 'node2',
      observers: ['node3'],
    });

    test('has a key for each two groups that it parts', () => {
      const outcomes = [NOTHING, first, NOTHING, row, pair, ...times(5, NOTHING)];
      expect(kindsOf(judged(outcomes, { damage: PARTITION, more: both }))).toEqual([]);
    });

    test('and accuses the smaller one of the two', () => {
      const larger = opened({
        key: 'soak/group/tables-empty',
        scope: 'group',
        subjects: ['master2', 'master3', 'node1'],
        observers: ['master1'],
      });
      const outcomes = [NOTHING, first, NOTHING, larger, ...times(5, NOTHING)];
      expect(kindsOf(judged(outcomes, { damage: PARTITION, more: both }))).toEqual([
        'wrong-victim',
      ]);
    });
  });

  test('a host that answers and stays unknown', () => {
    const unknown = { unknown: ['node3'] };
    const verdict = judged([unknown, { ...unknown, ...OPENED }, ...times(6, unknown)]);
    expect(kindsOf(verdict)).toEqual(['unknown-too-long']);
  });

  test('a run that fails', () => {
    const played = playedWorld(
      { name: 'test', nodes: 6, masters: 3, keepsMac: true, ticks: 1, events: [] },
      START,
    );
    const oracle = new Oracle(played, { deployment: 'default', start: START });
    oracle.runBegins();
    oracle.runEnded({ report: undefined, error: 'the store is away' }, []);
    expect(oracle.verdict().failures).toMatchObject([
      { kind: 'run-failed', detail: 'the store is away' },
    ]);
  });
});
