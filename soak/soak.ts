#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { kinds } from './figures.ts';
import type { Job, Soaked, WorkerMessage } from './job.ts';
import { renderSummary } from './render.ts';
import { DEPLOYMENTS } from './story.ts';

const HELP = `npm run soak -- [options]

Runs the function in virtual time over simulated hosts that join, leave, boot and break, and judges its
pages by the modelled truth. The last line has the figures. Exit 0: no failure but the known ones.

  --runs N          how many runs; default 300
  --seed S          which stories; default 1
  --deployment D    ${DEPLOYMENTS.join(', ')}; default default
  --nodes N         how many nodes each cluster begins with; drawn from 3 to 60 without it
  --json            the figures as one JSON document
  --delivery        instead, lets each call of the function go wrong in each way, one at a time, and takes
                    each service away for three runs, while a fault is paged and repaired; some 20 minutes
  --replay STORY    plays one story step by step, such as 1.13, the thirteenth of seed 1
  --minimise KIND   makes that story as short as it can be while it fails so:
                    ${kinds().join(', ')}
  --help            this text
`;

/** How often progress is shown, milliseconds. */
const PROGRESS_MS = 2000;

const USAGE = 64;

interface Options {
  readonly job: Job;
  readonly asJson: boolean;
}

function optionsOf(argv: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      deployment: { type: 'string', default: 'default' },
      nodes: { type: 'string' },
      json: { type: 'boolean', default: false },
      replay: { type: 'string' },
      minimise: { type: 'string' },
      delivery: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.delivery) return { job: { kind: 'delivery' }, asJson: values.json };
  const deployment = oneOf('deployment', DEPLOYMENTS, values.deployment);
  const nodes = values.nodes === undefined ? undefined : countOf('nodes', values.nodes);
  const kind = values.minimise;
  const minimisedFor = kind === undefined ? undefined : oneOf('minimise', kinds(), kind);
  if (minimisedFor !== undefined && values.replay === undefined) {
    throw new Error('--minimise needs --replay');
  }
  const job: Job =
    values.replay === undefined
      ? {
          kind: 'soak',
          deployment,
          seed: values.seed,
          runs: countOf('runs', values.runs),
          nodes,
        }
      : { kind: 'replay', deployment, story: values.replay, nodes, minimisedFor };
  return { job, asJson: values.json };
}

function oneOf<T extends string>(option: string, allowed: readonly T[], text: string): T {
  const found = allowed.find((one) => one === text);
  if (found === undefined) throw new Error(`--${option} must be one of ${allowed.join(', ')}`);
  return found;
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`--${option} must be a whole number above 0`);
}

/** Does the job in a worker, whose standard output, the function's log, is left aside. */
async function run({ job, asJson }: Options): Promise<number> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: job,
    stdout: true,
  });
  worker.stdout.resume();
  let progress = '';
  const timer = setInterval(() => {
    if (progress !== '') process.stderr.write(`${progress}\n`);
  }, PROGRESS_MS);
  let exit = 0;
  const hear = (message: WorkerMessage): void => {
    switch (message.kind) {
      case 'progress':
        progress = `${message.runs} runs, ${message.failures} failures`;
        return;
      case 'line':
        (asJson ? process.stderr : process.stdout).write(`${message.text}\n`);
        return;
      case 'delivered':
        exit = message.failures === 0 ? 0 : 1;
        process.stdout.write(`${message.plays} plays, ${message.failures} failures\n`);
        return;
      case 'soaked':
        exit = message.unexpected.length === 0 ? 0 : 1;
        process.stdout.write(asJson ? jsonOf(message) : renderSummary(message));
    }
  };
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', hear);
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  } finally {
    clearInterval(timer);
  }
  return exit;
}

function jsonOf({ figures, unexpected }: Soaked): string {
  return `${JSON.stringify({ ...figures, unexpected })}\n`;
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === 'help') process.stdout.write(HELP);
  else process.exitCode = await run(options);
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = USAGE;
}
