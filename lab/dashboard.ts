import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBackend } from './backend/backend.ts';
import { findPackage } from './backend/debian-package.ts';
import type { Range } from './backend/prometheus-api.ts';
import { VICTORIA_METRICS } from './backend/victoria-metrics.ts';
import { answer } from './dashboard/answers.ts';
import { draw } from './dashboard/draw.ts';
import { type Panel, readDashboard } from './dashboard/panels.ts';
import { FAULTS } from './faults.ts';
import { exitWith, type Keep, runOrder, type Teller } from './program.ts';
import { startWorld } from './world.ts';

const HELP = `npm run dashboard -- FILE [--sections N] [--modelled]

Draws the dashboard during the recorded incident, as an SVG file. The lab's
metrics go over OTLP to VictoriaMetrics, which answers the queries of the
generated dashboard.json. The drawing is this project's own: no Grafana runs.
It takes nine minutes.

  --sections N  how many sections to draw, from the top; default 4
  --modelled    do not make real hosts
  --help        this text
`;

const CLUSTER = 'prod';
/** Long enough for a late answer of `kubectl` to come before the next run, as in a deployment. */
const SCHEDULE_SECONDS = 60;
/** Runs before the fault, and with it. */
const RUNS = { healthy: 4, broken: 4 } as const;

interface Order {
  readonly file: string;
  readonly sections: number;
  readonly modelled: boolean;
}

async function live(order: Order, keep: Keep, tell: Teller): Promise<number> {
  const found = await tell.during('looking for VictoriaMetrics', findPackage(VICTORIA_METRICS));
  if (found.kind === 'missing') {
    tell.say(`there is no VictoriaMetrics here: ${found.reason}`);
    return 1;
  }
  const scheduleSeconds = SCHEDULE_SECONDS;
  const backend = await keep(() => startBackend({ root: found.root, scheduleSeconds }));
  const { database, monitoring } = backend;
  const world = await keep(() =>
    startWorld({
      cluster: CLUSTER,
      prefer: order.modelled ? 'modelled' : undefined,
      env: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: database.otlpEndpoint },
      progress: (step) => tell.say(step),
    }),
  );
  const from = new Date();
  const run = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      const due = setTimeout(SCHEDULE_SECONDS * 1000);
      const { verdict } = await world.tick();
      tell.say(`run: ${verdict}`);
      await due;
    }
  };
  await run(RUNS.healthy);
  const fault = FAULTS['neighbour-missing'];
  await world.inflict(...fault.damage);
  tell.say(fault.summary);
  await run(RUNS.broken);
  await database.settle();
  const { title, panels } = readDashboard(await readFile(monitoring.dashboard, 'utf8'), CLUSTER);
  const range: Range = { from, to: new Date(), stepSeconds: 2 };
  const answered = await Promise.all(
    topSections(panels, order.sections).map((panel) => answer(panel, database, range)),
  );
  await writeFile(order.file, draw(title, answered, range));
  tell.say(`drawn: ${order.file}`);
  return 0;
}

function topSections(panels: readonly Panel[], count: number): readonly Panel[] {
  const next = panels.filter(({ type }) => type === 'row')[count];
  return next === undefined ? panels : panels.slice(0, panels.indexOf(next));
}

function readOrder(): Order | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sections: { type: 'string', default: '4' },
      modelled: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) {
    throw new Error('give one FILE to write the picture to, see --help');
  }
  const sections = Number(values.sections);
  if (!Number.isInteger(sections) || sections < 1) {
    throw new Error(`--sections takes a whole number from 1 on, not "${values.sections}"`);
  }
  return { file, sections, modelled: values.modelled };
}

await exitWith(runOrder(readOrder, HELP, live));
