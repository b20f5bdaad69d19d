/**
 * Plays stories in a thread of its own, so that what the function logs to standard output is not taken
 * for the result.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { type Figures, figuresOf, kinds, type PlayedStory } from './figures.ts';
import { faultOf, outages, summaryOf, sweep } from './delivery.ts';
import { TICKS, storyOf } from './generate.ts';
import type { Job, WorkerMessage } from './job.ts';
import { staleKnownFaults, type Unexpected, unexpectedIn } from './known-faults.ts';
import { failsWith, minimise } from './minimise.ts';
import { replay } from './replay.ts';
import { simulate } from './simulate.ts';
import { DEPLOYMENTS, type Story } from './story.ts';

const deployment = z.enum(DEPLOYMENTS);
const nodes = z.optional(z.number());

const jobSchema: z.ZodMiniType<Job> = z.pipe(
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('soak'),
      deployment,
      seed: z.string(),
      runs: z.number(),
      nodes,
    }),
    z.object({ kind: z.literal('delivery') }),
    z.object({
      kind: z.literal('replay'),
      deployment,
      story: z.string(),
      nodes,
      minimisedFor: z.optional(z.enum(kinds())),
    }),
  ]),
  z.transform((job): Job => {
    switch (job.kind) {
      case 'delivery':
        return job;
      case 'soak':
        return { ...job, nodes: job.nodes };
      case 'replay':
        return { ...job, nodes: job.nodes, minimisedFor: job.minimisedFor };
    }
  }),
);

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message, []);
}

function print(text: string): void {
  send({ kind: 'line', text });
}

async function work(job: Job): Promise<void> {
  switch (job.kind) {
    case 'soak':
      return await soak(job);
    case 'delivery':
      return await deliveries();
    case 'replay': {
      const story = storyOf(job.story, job.nodes);
      const kind = job.minimisedFor;
      if (kind === undefined) return await replay(story, job.deployment, print);
      const shortest = await minimise(story, failsWith(job.deployment, kind));
      print(JSON.stringify(shortest));
      return await replay(shortest, job.deployment, print);
    }
  }
}

async function soak(job: Extract<Job, { kind: 'soak' }>): Promise<void> {
  const began = performance.now();
  const played: PlayedStory[] = [];
  for (let runs = 0, failures = 0; runs < job.runs;) {
    const story = storyOf(`${job.seed}.${played.length}`, job.nodes);
    const ticks = Math.min(TICKS, job.runs - runs);
    const simulation = await simulate({ ...story, ticks }, job.deployment);
    played.push({ ...simulation, story: story.name });
    runs += simulation.runs;
    failures += simulation.verdict.failures.length;
    send({ kind: 'progress', runs, failures });
  }
  const seconds = (performance.now() - began) / 1000;
  const figures = figuresOf(played, { deployment: job.deployment, seed: job.seed, seconds });
  const unexpected = unexpectedIn(figures);
  await explain(job, figures, unexpected);
  const stale = await staleKnownFaults(job.deployment);
  send({ kind: 'soaked', figures, unexpected: [...unexpected, ...stale] });
}

/** Every call of the function goes wrong in every way. */
async function deliveries(): Promise<void> {
  let failures = 0;
  const progress = (runs: number): void => send({ kind: 'progress', runs, failures });
  const single = await sweep(() => true, progress);
  const lasting = await outages(() => true, progress);
  for (const outcome of [...single, ...lasting]) {
    const fault = faultOf(outcome);
    if (fault === undefined) continue;
    failures += 1;
    print(`${fault}: ${JSON.stringify(outcome)}`);
  }
  print('one call:');
  for (const line of summaryOf(single)) print(line);
  print('a service for three runs:');
  for (const line of summaryOf(lasting)) print(line);
  send({ kind: 'delivered', plays: single.length + lasting.length, failures });
}

/** How many stories are made shorter, to replay the shortest. */
const CANDIDATES = 2;

/** Replays the shortest story of each kind that was not to be expected. */
async function explain(
  job: Extract<Job, { kind: 'soak' }>,
  { examples }: Figures,
  unexpected: readonly Unexpected[],
): Promise<void> {
  for (const { kind } of unexpected) {
    const failsAt = failsWith(job.deployment, kind);
    const stories: Story[] = [];
    for (const name of (examples[kind] ?? []).slice(0, CANDIDATES)) {
      stories.push(await minimise(storyOf(name, job.nodes), failsAt));
    }
    const [shortest] = stories.toSorted((one, other) => one.events.length - other.events.length);
    if (shortest === undefined) continue;
    print(`${kind}: the shortest story found, made of ${shortest.name}`);
    print(JSON.stringify(shortest));
    await replay(shortest, job.deployment, print);
    print('');
  }
}

await work(jobSchema.parse(workerData));
