import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import { type TimedGetNodes, timeGetNodes } from '../control-plane/kubectl-on-masters.ts';
import type { Cause } from '../../shared/contract/causes.ts';
import type { Fault } from '../faults.ts';
import { machineNamed } from '../machines/machine.ts';
import type { OtlpReceiver } from '../otlp/receiver.ts';
import type { ReceivedPoint } from '../otlp/records.ts';
import type { Teller } from '../program.ts';
import type { World } from '../world.ts';
import { fixAsThePageSays } from './fix.ts';

/** The masters whose API servers are timed side by side: the recorded incident's. */
const TIMED = ['master1', 'master3'] as const;

/** How often a run is repeated until it sees what it should. */
const RUNS = 3;

/** Breaks the cluster, lets the watch see it, mends it as the page says, and shows every step. */
export async function tellStory(
  world: World,
  { cause, fault }: { readonly cause: Cause; readonly fault: Fault },
  tell: Teller,
): Promise<void> {
  tell.heading('A healthy run');
  await tell.during('one tick of the schedule', world.tick());
  const healthy = await world.tick();
  tell.block(await show(healthy));
  tell.say(describeNodeList(healthy));

  tell.heading(`The fault: ${cause}`);
  await world.inflict(...fault.damage);
  tell.say(fault.summary);
  const timing = timeBoth(world);

  tell.heading('The watch sees it');
  const report = await untilSeen(world, tell);
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
    await fixAsThePageSays(incident, world, tell);
  }
  if (fault.repair !== undefined) {
    await world.inflict(...fault.repair);
    tell.say('Somebody looked as the page says, and repaired the API server.');
  }
  tell.block(await show(await untilHealthy(world, tell)));
  await tellPages(world, tell);

  tell.heading('What the OTLP backend received');
  tell.block(received(world.otlp));
}

/** Where the list of nodes came from, by which the run judged. */
function describeNodeList({ coverage }: Report): string {
  const { nodeList } = coverage ?? {};
  if (nodeList === undefined) return 'No node list.';
  const { source, nodes, voters } = nodeList;
  return `The node list has ${nodes} nodes, by ${voters.length === 0 ? source : voters.join(', ')}.`;
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

/** How API servers answer takes two measurements running, and the second one ends after its run. */
async function untilSeen(world: World, tell: Teller): Promise<Report> {
  for (let run = 1; ; run++) {
    const report = await tell.during('a tick: two looks, ten seconds apart', world.tick());
    if (report.incidents.length > 0 || run === RUNS) return report;
  }
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

const ROOT = path.join(import.meta.dirname, '..', '..');

/** What `npx vtepwatch show --brief` prints of a run's document. */
async function show(report: Report): Promise<string> {
  const command = [path.join(ROOT, 'cli', 'vtepwatch.ts'), 'show', '-', '--brief'];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(report));
  return await text(child.stdout);
}

/** How many series the story prints. */
const SERIES = 12;

/** What the OTLP backend received, as a person would want to know it. */
function received(otlp: OtlpReceiver): string {
  const points = otlp.points();
  const spans = otlp.spans();
  const traces = new Set(spans.map(({ traceId }) => traceId));
  return [
    `${points.length} points of ${new Set(points.map(({ metric }) => metric)).size} metrics, ` +
      `${otlp.logs().length} events, ${spans.length} spans in ${traces.size} traces`,
    ...changingSeries(points),
    ...otlp.logs().map(({ event, body }) => `${event}: ${JSON.stringify(body)}`),
  ].join('\n');
}

/** The series whose values changed, each with its values in order: where the story can be seen. */
function changingSeries(points: readonly ReceivedPoint[]): readonly string[] {
  const series = Map.groupBy(points, nameOf);
  const changing = [...series].flatMap(([name, some]) => {
    const values = some.map(({ value }) => value ?? Number.NaN);
    const changed = new Set(values).size > 1 && !name.includes('vtepwatch.check.');
    return changed ? [`${name}  ${values.map(rounded).join(' -> ')}`] : [];
  });
  const hidden = changing.length - SERIES;
  return hidden > 0 ? [...changing.slice(0, SERIES), `and ${hidden} more series`] : changing;
}

function nameOf({ metric, attributes }: ReceivedPoint): string {
  const labels = Object.entries(attributes)
    .filter(([key]) => key !== 'k8s.cluster.name')
    .map(([, value]) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return `${metric}{${labels.join(', ')}}`;
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
