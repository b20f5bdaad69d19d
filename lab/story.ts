import { parseArgs } from 'node:util';
import { type Cause, CAUSES } from '../shared/contract/causes.ts';
import type { Discovery } from './control-plane/orders.ts';
import { type Fault, FAULTS } from './faults.ts';
import { exitWith, type Keep, runOrder, type Teller } from './program.ts';
import { tellStory } from './story/story.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

const HELP = `npm start -- [--cause CAUSE] [--discovery old|aggregated] [--modelled]

Breaks a cluster of six hosts; vtepwatch finds the fault, pages, and sees the fix.
As root on Linux the hosts are network namespaces with real VXLAN devices;
elsewhere, or with --modelled, fake ip and bridge answer the same script.

  --cause CAUSE      the fault; default neighbour-missing, the recorded incident
                     ${CAUSES.join('\n                     ')}
  --discovery KIND   how API servers answer discovery: old (before 1.27, default)
                     by group, so that kubectl get nodes hangs as recorded;
                     aggregated in one piece, so that only the lost API hangs
  --modelled         do not make real hosts
  --help             this text
`;

const CLUSTER = 'demo';

interface Order {
  readonly cause: Cause;
  readonly fault: Fault;
  readonly world: Omit<WorldOptions, 'progress'> & { readonly discovery: Discovery };
}

async function live(order: Order, keep: Keep, tell: Teller): Promise<number> {
  await tellStory(await keep(() => open(order, tell)), order, tell);
  return 0;
}

/** What the API servers do to kubectl once they have lost an aggregated API. */
const DISCOVERIES = {
  old: 'API servers as before 1.27: kubectl asks for each API group in turn, as in the recorded incident',
  aggregated:
    'API servers as from 1.27 on: kubectl (from 1.26) learns of all API groups in one piece',
} as const;

async function open(order: Order, tell: Teller): Promise<World> {
  tell.heading('The hosts come up');
  const world = await startWorld({ ...order.world, progress: (step) => tell.say(step) });
  const { kind, reason } = world.machines;
  tell.say(
    kind === 'real'
      ? 'six hosts with real VXLAN devices, each in a network namespace of its own'
      : `six modelled hosts: fake ip and bridge answer the same script${reason === undefined ? '' : ` (${reason})`}`,
  );
  tell.say(DISCOVERIES[order.world.discovery]);
  if (world.controlPlane.kubectl === 'stand-in') {
    tell.say('there is no kubectl on this computer: a stand-in asks the same questions');
  }
  return world;
}

function readOrder(): Order | undefined {
  const { values } = parseArgs({
    options: {
      cause: { type: 'string', default: 'neighbour-missing' },
      discovery: { type: 'string', default: 'old' },
      modelled: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const cause = CAUSES.find((one) => one === values.cause);
  if (cause === undefined) {
    throw new Error(`there is no cause "${values.cause}"; there are ${CAUSES.join(', ')}`);
  }
  const { discovery } = values;
  if (discovery !== 'old' && discovery !== 'aggregated') {
    throw new Error(`--discovery takes old or aggregated, not "${discovery}"`);
  }
  const fault = FAULTS[cause];
  return {
    cause,
    fault,
    world: {
      cluster: CLUSTER,
      discovery,
      // As it is deployed by default: the masters report the node list.
      kubernetes: false,
      annotates: fault.annotations !== 'unread',
      prefer: values.modelled ? 'modelled' : undefined,
    },
  };
}

await exitWith(runOrder(readOrder, HELP, live));
