import type { FailureKind } from './oracle/failure.ts';
import { simulate } from './simulate.ts';
import type { Deployment, Story, StoryEvent } from './story.ts';

/** When a story first fails in the way that must stay, in seconds since it began; undefined where it does not. */
type FailsAt = (story: Story) => Promise<number | undefined>;

/** A story of this deployment fails so. */
export function failsWith(deployment: Deployment, kind: FailureKind): FailsAt {
  return async (story) => {
    const { verdict } = await simulate(story, deployment);
    return verdict.failures.find((failure) => failure.kind === kind)?.at;
  };
}

/**
 * The shortest story found that fails in the same way: fewer ticks, then fewer events (delta
 * debugging), then fewer nodes, then nothing before the first event. Returns the story itself where it
 * does not fail so.
 */
export async function minimise(story: Story, failsAt: FailsAt): Promise<Story> {
  const endsAt = await failsAt(story);
  if (endsAt === undefined) return story;
  const short = await firstThatFails(failsAt, [{ ...story, ticks: ticksUntil(endsAt) }, story]);
  const few = await withFewerEvents(short ?? story, failsAt);
  const small = await withoutBeginning(await withFewerNodes(few, failsAt), failsAt);
  const again = await failsAt(small);
  const ends = [...SHORT, ticksUntil(again ?? endsAt)].filter((ticks) => ticks <= small.ticks);
  const ended = ends.map((ticks) => ({ ...small, ticks }));
  return (await firstThatFails(failsAt, ended)) ?? small;
}

/** Ticks after which a failure shows that is found out at the end of a story. */
const SHORT = [4, 8, 12, 16, 24] as const;

async function firstThatFails(
  failsAt: FailsAt,
  stories: readonly Story[],
): Promise<Story | undefined> {
  for (const story of stories) {
    if ((await failsAt(story)) !== undefined) return story;
  }
  return undefined;
}

/** The run that fails ends within a minute of its tick. */
function ticksUntil(seconds: number): number {
  return Math.ceil(seconds / 60) + 1;
}

async function withFewerEvents(story: Story, failsAt: FailsAt): Promise<Story> {
  let shortest = story;
  for (let pieces = 2; ;) {
    const { events } = shortest;
    const shorter = await firstThatFails(
      failsAt,
      without(events, pieces).map((left) => ({ ...shortest, events: left })),
    );
    if (shorter !== undefined) {
      shortest = shorter;
      pieces = Math.max(2, pieces - 1);
    } else if (pieces >= events.length) {
      return shortest;
    } else {
      pieces = Math.min(events.length, pieces * 2);
    }
  }
}

/** The events without each of so many pieces of them. */
function without(
  events: readonly StoryEvent[],
  pieces: number,
): readonly (readonly StoryEvent[])[] {
  const size = Math.max(1, Math.ceil(events.length / pieces));
  const count = Math.ceil(events.length / size);
  return Array.from({ length: count }, (_, piece) => events.toSpliced(piece * size, size));
}

/** How long a story must go before its first event, seconds: a run or two that see the cluster well. */
const BEGINNING_SECONDS = 90;

async function withoutBeginning(story: Story, failsAt: FailsAt): Promise<Story> {
  const [first] = story.events;
  const minutes = Math.floor(((first?.at ?? 0) - BEGINNING_SECONDS) / 60);
  if (minutes <= 0) return story;
  const events = story.events.map((event) => ({ ...event, at: event.at - minutes * 60 }));
  const earlier = { ...story, events, ticks: story.ticks - minutes };
  return (await firstThatFails(failsAt, [earlier])) ?? story;
}

/** Nodes that events speak of and that are not there any more make their events do nothing. */
async function withFewerNodes(story: Story, failsAt: FailsAt): Promise<Story> {
  for (const nodes of [5, 8, 12]) {
    if (nodes >= story.nodes) break;
    const smaller = { ...story, nodes };
    if ((await failsAt(smaller)) !== undefined) return smaller;
  }
  return story;
}
