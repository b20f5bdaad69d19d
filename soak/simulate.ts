import type { Report } from '../shared/contract/report.ts';
import type { PublishedPage } from './account/sns.ts';
import { deployedFunction } from './deployed-function.ts';
import { Oracle, type SeenRun, type Verdict } from './oracle/oracle.ts';
import type { Deployment, Story, StoryEvent } from './story.ts';
import { VirtualClock } from './virtual-clock.ts';
import { playedWorld } from './world/play.ts';

/** 2026-11-23T09:00:00Z */
const START = 1_795_424_400_000;

const PERIOD_SECONDS = 60;

/** The first tick, seconds after the story began. */
const FIRST_TICK = 20;

/** One run of a story, for a replay. */
export interface PlayedRun {
  /** Seconds since the story began. */
  readonly at: number;
  readonly run: SeenRun;
  readonly pages: readonly PublishedPage[];
}

export interface Simulation {
  readonly verdict: Verdict;
  readonly runs: number;
}

/** When the function is invoked, and for which tick: seconds since the story began. */
interface Invocation {
  readonly at: number;
  readonly tick: number;
  /** The schedule delivers the tick once more, so much later. */
  readonly againAfter: number | undefined;
}

/** Plays a story with the real function, in virtual time. `seen` is called after each run. */
export async function simulate(
  story: Story,
  deployment: Deployment,
  seen: (run: PlayedRun) => void = () => undefined,
): Promise<Simulation> {
  const played = playedWorld(story, START);
  const clock = new VirtualClock(START);
  const deployed = deployedFunction({ world: played.world, clock, deployment });
  const oracle = new Oracle(played, { deployment, start: START });
  let runs = 0;
  for (const { at, tick, againAfter } of invocationsOf(story)) {
    clock.skipTo(START + at * 1000);
    played.world.agenda.advanceTo(clock.now());
    oracle.runBegins();
    const before = deployed.pages.length;
    const invoke = async (): Promise<SeenRun> =>
      await settled(deployed.invoke(START + tick * 1000));
    const invoked = [
      invoke(),
      ...(againAfter === undefined ? [] : [later(clock, againAfter, invoke)]),
    ];
    const outcomes = await clock.live(Promise.all(invoked));
    played.world.agenda.advanceTo(clock.now());
    const pages = deployed.pages.slice(before);
    for (const [number, run] of outcomes.entries()) {
      const own = number === 0 ? pages : [];
      oracle.runEnded(run, own);
      seen({ at, run, pages: own });
      runs += 1;
    }
  }
  return { verdict: oracle.verdict(), runs };
}

async function later<T>(clock: VirtualClock, seconds: number, act: () => Promise<T>): Promise<T> {
  await clock.pause(seconds * 1000);
  return await act();
}

async function settled(running: Promise<Report>): Promise<SeenRun> {
  try {
    return { report: await running, error: undefined };
  } catch (error) {
    return { report: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}

function invocationsOf({ ticks, events }: Story): readonly Invocation[] {
  return Array.from({ length: ticks }, (_, number) => FIRST_TICK + number * PERIOD_SECONDS)
    .flatMap((tick) => invocationsFor(tick, events))
    .toSorted((one, other) => one.at - other.at);
}

/** An event of the schedule concerns the next tick. */
function invocationsFor(tick: number, events: readonly StoryEvent[]): readonly Invocation[] {
  const trouble = events.find(
    (event) => event.kind === 'tick' && event.at < tick && event.at >= tick - PERIOD_SECONDS,
  );
  const usual = { at: tick, tick, againAfter: undefined };
  if (trouble?.kind !== 'tick') return [usual];
  switch (trouble.how) {
    case 'late':
      return [{ ...usual, at: tick + trouble.seconds }];
    case 'doubled':
      return [{ ...usual, againAfter: trouble.seconds }];
    case 'future':
      return [{ ...usual, tick: tick + trouble.seconds }];
    case 'missing':
      return [];
  }
}
