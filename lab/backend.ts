import { parseArgs } from 'node:util';
import type { AlertChange } from './backend/alert-receiver.ts';
import { startBackend } from './backend/backend.ts';
import { findPackage } from './backend/debian-package.ts';
import { rehearse } from './backend/rehearsal.ts';
import { VICTORIA_METRICS } from './backend/victoria-metrics.ts';
import { FAULTS } from './faults.ts';
import { exitWith, type Keep, runOrder, type Teller } from './program.ts';
import { startWorld } from './world.ts';

const HELP = `npm run backend -- [--schedule SECONDS] [--modelled]

Sends the lab's metrics over OTLP to VictoriaMetrics, has vmalert evaluate the
product's own rules there, and prints which alerts fire and resolve, and when:
before the first run, in the recorded incident, after the fix, and when the
function stops. VictoriaMetrics is Debian trixie's, unpacked and not installed;
where it cannot be fetched, this says so and does nothing else.

  --schedule SECONDS  how often the function runs, and what the rules' windows
                      are made of; default 10
  --modelled          do not make real hosts
  --help              this text
`;

interface Order {
  readonly scheduleSeconds: number;
  readonly modelled: boolean;
}

async function live(
  { scheduleSeconds, modelled }: Order,
  keep: Keep,
  tell: Teller,
): Promise<number> {
  tell.heading('The backend and the hosts come up');
  const found = await tell.during('looking for VictoriaMetrics', findPackage(VICTORIA_METRICS));
  if (found.kind === 'missing') {
    tell.say(`there is no VictoriaMetrics here: ${found.reason}`);
    return 1;
  }
  const { root } = found;
  const heard = (change: AlertChange): void => tell.say(described(change));
  const backend = await keep(() => startBackend({ root, scheduleSeconds, heard }));
  const world = await keep(() =>
    startWorld({
      cluster: 'demo',
      prefer: modelled ? 'modelled' : undefined,
      env: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: backend.database.otlpEndpoint },
      progress: (step) => tell.say(step),
    }),
  );
  const fault = FAULTS['neighbour-missing'];
  await rehearse({ world, backend, scheduleSeconds, fault, tell });
  return 0;
}

function described({ kind, alert, labels, annotations }: AlertChange): string {
  return `${kind.toUpperCase()} ${alert} (${labels['severity']}): ${annotations['summary']}`;
}

function readOrder(): Order | undefined {
  const { values } = parseArgs({
    options: {
      schedule: { type: 'string', default: '10' },
      modelled: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const scheduleSeconds = Number(values.schedule);
  if (!Number.isInteger(scheduleSeconds) || scheduleSeconds < 1) {
    throw new Error(`--schedule takes a whole number of seconds, not "${values.schedule}"`);
  }
  return { scheduleSeconds, modelled: values.modelled };
}

await exitWith(runOrder(readOrder, HELP, live));
