import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { wakes, CAUSES, type Cause } from '../../../shared/contract/causes.ts';
import type { ReportedIncident } from '../../../shared/contract/report.ts';
import { CAUSE_RULES, isOfApi } from '../../../shared/core/diagnose/causes.ts';
import { FAULTS } from '../../../lab/faults.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { ROSTER } from '../../../lab/machines/roster.ts';
import { fixAsThePageSays } from '../../../lab/story/fix.ts';
import { teller } from '../../../lab/program.ts';
import { startWorld, type World } from '../../../lab/world.ts';

const SILENT = teller(() => {});

/** The two looks one second apart, and an API server that gives up after two. */
const QUICK = { limits: { secondLookSeconds: 1, slowSeconds: 3 }, dialSeconds: 2 } as const;

/** Without annotations another cause is named where the two differ in what they show. */
const WORLDS = [
  { annotations: 'read', kubernetes: true },
  // By default the masters report the nodes, and flannel may have annotated none.
  { annotations: 'unread', kubernetes: false },
] as const;

const RUNS = 3;

/** Of API servers: two measurements running, each of which may end after its run. */
const API_RUNS = 5;

/** How long `kubectl get nodes` may go on after the run that asked. */
const LATE_SECONDS = 4;

describe.for(WORLDS)(
  'a cluster whose annotations are $annotations',
  ({ annotations, kubernetes }) => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld({
        cluster: 'demo',
        kubernetes,
        annotates: annotations === 'read',
        ...QUICK,
      });
      await world.tick();
    });
    // Every device is made anew, so that nothing of one fault, mended or not, is left for the next.
    afterEach(async () => {
      await Promise.all(
        world.machines.machines.map(async (machine) => {
          await machine.run(['ip', 'link', 'delete', 'flannel.1']);
          await reprogram(machine);
        }),
      );
      world.controlPlane.list(ROSTER);
      await world.tick();
    });
    afterAll(async () => {
      await world?.close();
    });

    const shown = CAUSES.filter((cause) => {
      const wanted = FAULTS[cause].annotations;
      // One world shows every cause; the other only what depends on the annotations.
      return wanted === undefined ? annotations === 'read' : wanted === annotations;
    });

    test.for(shown)(
      '%s is named, paged once, mended as the page says, and resolved',
      { timeout: 60_000 },
      async (cause) => {
        const fault = FAULTS[cause];
        await world.newPages();
        await world.inflict(...fault.damage);

        const { incidents } = await untilSeen(world, cause);
        expect(incidents.map(({ cause: named }) => named)).toEqual([cause]);
        const [incident] = incidents;
        if (incident === undefined) throw new Error('no incident');
        expect(incident.phase).toBe('open');
        expect(whom(incident)).toEqual(expectedOf(cause));
        await world.tick();
        const pages = await world.newPages();
        expect(pages.map(({ attributes }) => attributes['kind'])).toEqual(
          wakes(incident) ? ['opened'] : [],
        );

        await fixAsThePageSays(incident, world, SILENT);
        await typeEverywhere(incident, world);
        await world.inflict(...(fault.repair ?? []));
        const healed = await untilHealthy(world, cause);
        expect(healed.verdict).toBe('healthy');
        const resolved = await world.newPages();
        expect(resolved.map(({ attributes: { kind, key } }) => `${kind} ${key}`)).toEqual(
          wakes(incident) ? [`resolved ${incident.key}`] : [],
        );
      },
    );
  },
);

/** A block for entries may run on every host: it changes nothing on the owner, and fails on none. */
async function typeEverywhere({ fix }: ReportedIncident, { machines }: World): Promise<void> {
  for (const { commands } of fix.filter(({ kind }) => kind === 'entries')) {
    for (const machine of machines.machines) {
      for (const command of commands) {
        expect(await machine.run(['sh', '-c', command])).toMatchObject({ exit: 0, stderr: '' });
      }
      const own = await machine.run(['ip', 'neigh', 'show', 'dev', 'flannel.1']);
      expect(own.stdout).not.toContain(`${machine.tunnelIp} `);
    }
  }
}

interface Whom {
  readonly scope: string;
  readonly subject: string | undefined;
  readonly observers: readonly string[];
  readonly lost: string;
}

function whom({ scope, subject, observers, missingPeers, checkedPeers }: ReportedIncident): Whom {
  return { scope, subject, observers, lost: `${missingPeers}/${checkedPeers}` };
}

function expectedOf(cause: Cause): Whom {
  const { subject, observers, lost = 5 } = FAULTS[cause];
  const sorted = observers.toSorted();
  if (sorted.length > 1 && subject === undefined) {
    const all = `${sorted.length}/${sorted.length}`;
    return { scope: 'cluster', subject, observers: sorted, lost: all };
  }
  return subject === undefined
    ? { scope: 'observer', subject: undefined, observers: sorted, lost: '5/5' }
    : { scope: 'subject', subject, observers: sorted, lost: `${lost}/5` };
}

/** A fault of the tables is seen in one run, one of packets in two; how API servers answer takes two measurements running. */
async function untilSeen(world: World, cause: Cause) {
  let report = await world.tick();
  if (CAUSE_RULES[cause].isOfPackets === true) return await world.tick();
  if (!isOfApi(cause)) return report;
  for (let run = 1; run < API_RUNS && report.incidents.length === 0; run++) {
    await sleep(LATE_SECONDS * 1000);
    report = await world.tick();
  }
  return report;
}

async function untilHealthy(world: World, cause: Cause) {
  const runs = isOfApi(cause) ? API_RUNS : RUNS;
  let report = await world.tick();
  for (let run = 1; run < runs && report.verdict !== 'healthy'; run++) report = await world.tick();
  return report;
}
