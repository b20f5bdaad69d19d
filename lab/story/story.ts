import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import { type TimedGetNodes, timeGetNodes } from '../control-plane/time-get-nodes.ts';
import type { Fault } from '../faults/fault.ts';
import { machineNamed } from '../machines/machine-named.ts';
import type { World } from '../world.ts';
import { fixAsThePageSays } from './fix.ts';
import { received } from './received.ts';
import { show } from './show.ts';
import type { Teller } from './terminal.ts';

/** The masters whose API servers are timed side by side: the recorded incident's. */
const TIMED = ['master1', 'master3'] as const;

/** How often a run is repeated until it sees what it should. */
const RUNS = 3;

/** Breaks the cluster, lets the watch see it, mends it as the page says, and shows every step. */
export async function tellStory(world: World, fault: Fault, tell: Teller): Promise<void> {
  tell.heading('A healthy run');
  await tell.during('one tick of the schedule', world.tick());
  tell.block(await show(await world.tick()));

  tell.heading(`The fault: ${fault.cause}`);
  await fault.inject(world.machines);
  tell.say(fault.told);
  const timing = timeBoth(world);

  tell.heading('The watch sees it');
  const report = await tell.during('a tick: two looks, ten seconds apart', world.tick());
  tell.block(await show(report));
  await tellPages(world, tell);

  tell.heading('What users feel meanwhile');
  for (const timed of await tell.during('kubectl get nodes on two masters', timing)) {
    tell.say(describe(timed));
  }
  const later = await tell.during('the next tick takes up what came late', world.tick());
  tell.block(await show(later));

  tell.heading('Mended as the page says');
  for (const incident of standing(later)) {
    await fixAsThePageSays(incident, world.machines, tell);
  }
  tell.block(await show(await untilHealthy(world, tell)));
  await tellPages(world, tell);

  tell.heading('What the OTLP backend received');
  tell.block(received(world.otlp));
}

async function timeBoth({ machines, controlPlane }: World): Promise<readonly TimedGetNodes[]> {
  const masters = TIMED.map((name) => machineNamed(machines, name));
  return await timeGetNodes(masters, controlPlane.servers);
}

function describe({ master, command, seconds, exit, lines, complaints }: TimedGetNodes): string {
  const nodes = exit === 0 ? `${lines.length - 1} nodes` : `exit ${exit}`;
  const said =
    complaints[0] === undefined ? '' : `; ${complaints.length} complaints: ${complaints[0]}`;
  return `${master}$ ${command}: ${seconds.toFixed(1)} s, ${nodes}${said}`;
}

function standing({ incidents }: Report): readonly ReportedIncident[] {
  return incidents.filter(({ phase }) => phase !== 'resolved');
}

async function untilHealthy(world: World, tell: Teller): Promise<Report> {
  for (let run = 1; ; run++) {
    const report = await tell.during('a tick', world.tick());
    if (report.verdict === 'healthy' || run === RUNS) return report;
  }
}

/** The pages that went out since the last time. */
async function tellPages(world: World, tell: Teller): Promise<void> {
  const pages = await world.newPages();
  if (pages.length === 0) tell.say('No page: nobody is woken for what still works.');
  for (const { subject, message } of pages) {
    tell.say(`The page: ${subject ?? ''}`);
    tell.block(message);
  }
}
