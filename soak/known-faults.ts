import type { FailureKind } from './oracle/failure.ts';
import type { Figures } from './figures.ts';
import { kinds } from './figures.ts';
import { simulate } from './simulate.ts';
import type { Deployment, Story } from './story.ts';

/** A way in which the function is known to fail, until somebody fixes it. The list only shrinks. */
interface KnownFault {
  readonly deployments: readonly Deployment[];
  readonly kind: FailureKind;
  /** What goes wrong, and where. */
  readonly sentence: string;
  /** How often it may occur in 1,000 runs. */
  readonly most: number;
  /** A story in which it occurs: where it does not any more, the fault is to leave this list. */
  readonly story: Story;
}

const KNOWN_FAULTS: readonly KnownFault[] = [
  {
    deployments: ['default', 'kubeconfig'],
    kind: 'wrong-cause',
    sentence:
      'A device that drifted while its peers hold no entry for it shows as a flushed row: core/diagnose recognises mac-drift only in the cells of peers.',
    most: 3,
    story: {
      name: '1.45',
      nodes: 5,
      masters: 3,
      keepsMac: true,
      ticks: 16,
      events: [
        {
          at: 124,
          kind: 'fault',
          fault: 'fault2',
          damage: {
            kind: 'entries-lost',
            tables: ['neighbour', 'fdb'],
            subjects: ['master2'],
            observers: 'others',
          },
          repairedAfter: 1089,
          repairLasts: 170,
        },
        {
          at: 891,
          kind: 'fault',
          fault: 'fault1',
          damage: { kind: 'drift', subject: 'master2' },
          repairedAfter: 666,
          repairLasts: 0,
        },
      ],
    },
  },
  {
    deployments: ['kubeconfig'],
    kind: 'second-key',
    sentence:
      'Three and more subjects or observers with one cause are an incident each: core/incident/match.ts groups nothing below the whole cluster.',
    most: 30,
    story: {
      name: '1.3',
      nodes: 12,
      masters: 3,
      keepsMac: false,
      ticks: 4,
      events: [
        {
          at: 120,
          kind: 'fault',
          fault: 'fault1',
          damage: {
            kind: 'entries-lost',
            tables: ['fdb', 'route'],
            subjects: ['node9', 'node16', 'master1'],
            observers: 'others',
          },
          repairLasts: 6,
          repairedAfter: undefined,
        },
      ],
    },
  },
  {
    deployments: ['kubeconfig'],
    kind: 'left-open',
    sentence: 'The incident of a node that left stays open until the list is read again.',
    most: 3,
    story: {
      name: '1.41',
      nodes: 8,
      masters: 3,
      keepsMac: false,
      ticks: 10,
      events: [
        {
          at: 143,
          kind: 'leave',
          node: 'node3',
          objectGoneAfter: 0,
          hostOffAfter: 157,
          deregisteredAfter: 7200,
        },
        { at: 164, kind: 'list-fails', lasts: 414 },
      ],
    },
  },
  {
    deployments: ['nolist'],
    kind: 'false-page',
    sentence:
      'Without a list, a node that left is never-programmed on all peers while its host answers or the roster remembers it: core/members/taking-part.ts, withoutList. A late flanneld is device-missing, as with a list.',
    most: 40,
    story: {
      name: '1.2',
      nodes: 12,
      masters: 3,
      keepsMac: true,
      ticks: 6,
      events: [
        {
          at: 145,
          kind: 'leave',
          node: 'node9',
          objectGoneAfter: 114,
          hostOffAfter: 0,
          deregisteredAfter: 600,
        },
      ],
    },
  },
  {
    deployments: ['nolist'],
    kind: 'hidden',
    sentence:
      'A second fault on cells of an open incident has no incident of its own until that one resolves.',
    most: 4,
    story: {
      name: '2.16',
      nodes: 8,
      masters: 3,
      keepsMac: true,
      ticks: 24,
      events: [
        {
          at: 125,
          kind: 'fault',
          fault: 'fault3',
          damage: { kind: 'flush', observers: ['master3'], tables: ['neighbour', 'route'] },
          repairedAfter: 469,
          repairLasts: 0,
        },
        {
          at: 573,
          kind: 'leave',
          node: 'node5',
          objectGoneAfter: 0,
          hostOffAfter: 121,
          deregisteredAfter: 7200,
        },
        {
          at: 1077,
          kind: 'fault',
          fault: 'fault3-again',
          damage: { kind: 'flush', observers: ['master3'], tables: ['neighbour', 'route'] },
          repairedAfter: 469,
          repairLasts: 0,
        },
      ],
    },
  },
  {
    deployments: ['default', 'nolist'],
    kind: 'second-key',
    sentence: 'As with a list; and a drift without annotations is two incidents.',
    most: 32,
    story: {
      name: '1.3',
      nodes: 12,
      masters: 3,
      keepsMac: false,
      ticks: 4,
      events: [
        {
          at: 120,
          kind: 'fault',
          fault: 'fault1',
          damage: {
            kind: 'entries-lost',
            tables: ['fdb', 'route'],
            subjects: ['node9', 'node16', 'master1'],
            observers: 'others',
          },
          repairLasts: 6,
          repairedAfter: undefined,
        },
      ],
    },
  },
  {
    deployments: ['nolist'],
    kind: 'left-open',
    sentence:
      'A node that left stays in the roster for rosterDays, and with it every incident that has it as observer or subject: core/members/roster.ts, core/incident/advance.ts.',
    most: 32,
    story: {
      name: '1.4',
      nodes: 12,
      masters: 3,
      keepsMac: true,
      ticks: 10,
      events: [
        {
          at: 143,
          kind: 'leave',
          node: 'node8',
          objectGoneAfter: 0,
          hostOffAfter: 888,
          deregisteredAfter: 600,
        },
      ],
    },
  },
  {
    deployments: ['nolist'],
    kind: 'unknown-too-long',
    sentence:
      'A second host that claims the name of a node makes both unknown for as long as it claims it: core/members/members.ts, identify.',
    most: 6,
    story: {
      name: '1.2',
      nodes: 19,
      masters: 3,
      keepsMac: true,
      ticks: 18,
      events: [
        {
          at: 97,
          kind: 'leave',
          node: 'node15',
          objectGoneAfter: 132,
          hostOffAfter: 0,
          deregisteredAfter: 7200,
        },
        {
          at: 247,
          kind: 'join',
          node: 'node15',
          address: 19,
          cidr: 19,
          objectAfter: 38,
          flanneldAfter: 13,
        },
      ],
    },
  },
  {
    deployments: ['default', 'kubeconfig'],
    kind: 'hidden',
    sentence:
      'A fault of the whole column takes over the open incident of one of its pairs, which was paged as a warning about one host: core/incident/match.ts.',
    most: 2,
    story: {
      name: '2.16',
      nodes: 12,
      masters: 3,
      keepsMac: true,
      ticks: 24,
      events: [
        {
          at: 101,
          kind: 'fault',
          fault: 'fault2',
          damage: {
            kind: 'entries-lost',
            tables: ['neighbour', 'fdb', 'route'],
            subjects: ['node6'],
            observers: ['node4'],
          },
          repairedAfter: 1163,
          repairLasts: 0,
        },
        {
          at: 1011,
          kind: 'fault',
          fault: 'fault1',
          damage: { kind: 'old-address', subject: 'node6', observers: 'others' },
          repairLasts: 0,
          repairedAfter: undefined,
        },
      ],
    },
  },
  {
    deployments: ['default', 'kubeconfig'],
    kind: 'missed',
    sentence:
      'A fault of the whole cluster takes over the open incident of one node, whose severity it cannot raise, and nobody is paged for it: core/incident/match.ts.',
    most: 2,
    story: {
      name: '2.106',
      nodes: 8,
      masters: 3,
      keepsMac: true,
      ticks: 12,
      events: [
        {
          at: 106,
          kind: 'fault',
          fault: 'fault1',
          damage: { kind: 'old-address', subject: 'node4', observers: 'others' },
          repairedAfter: 159,
          repairLasts: 22,
        },
        {
          at: 292,
          kind: 'fault',
          fault: 'fault2',
          damage: {
            kind: 'flush',
            observers: ['node5', 'node4', 'master1', 'master3', 'master2', 'node3'],
            tables: ['neighbour'],
          },
          repairedAfter: 282,
          repairLasts: 0,
        },
      ],
    },
  },
  {
    deployments: ['default', 'kubeconfig'],
    kind: 'wrong-victim',
    sentence:
      'A partition takes over the open incident of one node in the same way, and is paged in pieces while it is repaired.',
    most: 2,
    story: {
      name: '3.61',
      nodes: 8,
      masters: 3,
      keepsMac: true,
      ticks: 24,
      events: [
        {
          at: 90,
          kind: 'fault',
          fault: 'fault3',
          damage: {
            kind: 'entries-lost',
            tables: ['fdb'],
            subjects: ['master2'],
            observers: [
              'node5',
              'node10',
              'node11',
              'master1',
              'node12',
              'node2',
              'node3',
              'node7',
            ],
          },
          repairedAfter: 1197,
          repairLasts: 32,
        },
        {
          at: 544,
          kind: 'fault',
          fault: 'fault1',
          damage: { kind: 'partition', side: ['master3', 'master2', 'node12'] },
          repairedAfter: 1144,
          repairLasts: 54,
        },
      ],
    },
  },
];

export interface Unexpected {
  readonly kind: FailureKind;
  readonly sentence: string;
}

/** Few runs may show a rare fault by chance. */
const BY_CHANCE = 3;

/** What the figures show that the list does not allow. */
export function unexpectedIn(figures: Figures): readonly Unexpected[] {
  return kinds().flatMap((kind) => {
    const count = figures.failures[kind];
    if (count === 0) return [];
    const known = KNOWN_FAULTS.find(
      (one) => one.deployments.includes(figures.deployment) && one.kind === kind,
    );
    if (known === undefined) {
      return [{ kind, sentence: `${kind} is no known fault of ${figures.deployment}: ${count}` }];
    }
    const bound = Math.ceil((known.most * figures.runs) / 1000) + BY_CHANCE;
    if (count <= bound) return [];
    const sentence = `${kind} of ${figures.deployment}: ${count} are more than ${bound}`;
    return [{ kind, sentence }];
  });
}

/** Known faults that no longer occur in the story that showed them: they are to leave the list. */
export async function staleKnownFaults(deployment: Deployment): Promise<readonly Unexpected[]> {
  const stale: Unexpected[] = [];
  for (const { kind, story } of KNOWN_FAULTS.filter((one) =>
    one.deployments.includes(deployment),
  )) {
    const { verdict } = await simulate(story, deployment);
    if (verdict.failures.some((failure) => failure.kind === kind)) continue;
    const sentence = `${kind} of ${deployment} no longer occurs in its story: take it off the list`;
    stale.push({ kind, sentence });
  }
  return stale;
}
