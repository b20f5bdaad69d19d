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
    deployments: ['nolist'],
    kind: 'missed',
    sentence:
      'Without a list, a node for which no other node holds anything was removed, or is unreachable from all: it is reported, and nobody is paged (core/matrix/unlisted.ts).',
    most: 4,
    story: {
      name: '1.2',
      nodes: 19,
      masters: 3,
      keepsMac: true,
      ticks: 8,
      events: [
        {
          at: 123,
          kind: 'fault',
          fault: 'fault1',
          damage: {
            kind: 'entries-lost',
            tables: ['neighbour', 'fdb', 'route'],
            subjects: ['node13'],
            observers: 'others',
          },
          repairedAfter: 1192,
          repairLasts: 0,
        },
      ],
    },
  },
  {
    deployments: ['nolist'],
    kind: 'unknown-too-long',
    sentence:
      'A second host that claims the name of a node makes both unknown for as long as it claims it: core/members/identity.ts. So does what is missed.',
    most: 10,
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
