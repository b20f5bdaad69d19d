import { beforeEach, describe, expect, test, vi } from 'vitest';
import { simulate } from '../../soak/simulate.ts';
import type { Damage, Deployment, Story, StoryEvent } from '../../soak/story.ts';

const CLUSTER = { name: 'test', nodes: 8, masters: 3, keepsMac: true, ticks: 16 } as const;

const LOST: Damage = {
  kind: 'entries-lost',
  tables: ['neighbour'],
  subjects: ['master1'],
  observers: 'others',
};

function story(...events: readonly StoryEvent[]): Story {
  return { ...CLUSTER, events };
}

function fault(at: number, damage: Damage, repairedAfter?: number): StoryEvent {
  return { at, kind: 'fault', fault: `fault at ${at}`, damage, repairedAfter, repairLasts: 0 };
}

beforeEach(() => {
  // The function's log.
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});

describe('simulate', () => {
  test('a quiet cluster has no page, in any deployment', async () => {
    for (const deployment of ['default', 'kubeconfig', 'nolist'] as const) {
      const { verdict, runs } = await simulate(story(), deployment);
      expect({ ...verdict, runs }).toEqual({ failures: [], faults: [], pages: 0, runs: 16 });
    }
  });

  test.for<readonly [string, Damage, Deployment]>([
    ['a lost neighbour entry', LOST, 'default'],
    ['an old MAC', { kind: 'old-mac', subject: 'node1', observers: 'others' }, 'kubeconfig'],
    ['drift', { kind: 'drift', subject: 'node1' }, 'kubeconfig'],
    [
      'an old address',
      { kind: 'old-address', subject: 'node1', observers: 'others' },
      'kubeconfig',
    ],
    ['a flushed host', { kind: 'flush', observers: ['node2'], tables: ['neighbour'] }, 'nolist'],
    ['a lost device', { kind: 'device-gone', observers: ['node2'] }, 'default'],
    ['a partition', { kind: 'partition', side: ['node1', 'node2', 'node3'] }, 'kubeconfig'],
  ])(
    '%s is one page within two runs, and one when it is repaired',
    async ([, damage, deployment]) => {
      const { verdict } = await simulate(story(fault(130, damage, 400)), deployment);
      expect(verdict.failures).toEqual([]);
      expect(verdict.faults).toMatchObject([{ pages: 2, keys: 1 }]);
      expect(verdict.faults[0]?.seconds).toBeLessThan(120);
    },
  );

  test('the same story is the same every time', async () => {
    const told = async (): Promise<string> => {
      const seen: unknown[] = [];
      const rebooted = {
        at: 90,
        kind: 'reboot',
        node: 'node2',
        downFor: 50,
        flanneldAfter: 30,
      } as const;
      const { verdict } = await simulate(
        story(fault(130, LOST), rebooted),
        'default',
        ({ pages }) => {
          seen.push(pages);
        },
      );
      return JSON.stringify([verdict, seen]);
    };
    expect(await told()).toBe(await told());
  });

  test('a tick that is delivered twice at once runs once', async () => {
    const doubled = { at: 70, kind: 'tick', how: 'doubled', seconds: 2 } as const;
    const refusals: unknown[] = [];
    const { runs } = await simulate(story(doubled), 'default', ({ run }) => {
      if (run.report?.refused !== undefined) refusals.push(run.report.refused);
    });
    expect([runs, refusals.length]).toEqual([17, 1]);
  });
});
