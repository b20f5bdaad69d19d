import type { PublishedPage } from './account/sns.ts';
import { type Call, CALL_FAULTS, type CallFault, type ServiceName } from './account/wire.ts';
import { deployedFunction } from './deployed-function.ts';
import type { Story } from './story.ts';
import { VirtualClock } from './virtual-clock.ts';
import { playedWorld } from './world/play.ts';

/**
 * Plays one fault of the cluster and its repair again and again. Each time one other call of the function
 * goes wrong in one other way, or a service is away for some runs. Whatever it is, the page must come
 * through both channels, and so must its end.
 */

/** 2026-11-23T09:00:00Z */
const START = 1_795_424_400_000;

const PERIOD_MS = 60_000;

/** The first runs agree on the node list; the fault comes before the fourth. */
const FAULT_AT = 190;

const STORY: Story = {
  name: 'delivery',
  nodes: 5,
  masters: 3,
  keepsMac: true,
  ticks: 11,
  events: [
    {
      at: FAULT_AT,
      kind: 'fault',
      fault: 'lost',
      damage: {
        kind: 'entries-lost',
        tables: ['neighbour'],
        subjects: ['master2'],
        observers: 'others',
      },
      repairedAfter: 120,
      repairLasts: 0,
    },
  ],
};

const KEY = 'soak/subject/master2';

/** When a call is made. */
interface Moment {
  /** The number of the call, and of the run that makes it, from 0. */
  readonly call: number;
  readonly run: number;
}

/** Decides what goes wrong with a call. */
type Trouble = (call: Call, moment: Moment) => CallFault | undefined;

/** What people and the backend have seen when the story is over. */
interface Played {
  readonly calls: readonly Call[];
  readonly pages: readonly PublishedPage[];
  readonly posted: readonly string[];
  readonly events: readonly string[];
}

/** Plays the story, with so many more runs at its end. */
export async function play(trouble: Trouble = () => undefined, more = 0): Promise<Played> {
  const { world } = playedWorld(STORY, START);
  const clock = new VirtualClock(START);
  const calls: Call[] = [];
  let run = 0;
  const deployed = deployedFunction({
    world,
    clock,
    deployment: 'default',
    channel: 'webhook',
    wire: (call) => trouble(call, { call: calls.push(call) - 1, run }),
  });
  for (; run < STORY.ticks + more; run++) {
    const tick = START + 20_000 + run * PERIOD_MS;
    clock.skipTo(tick);
    world.agenda.advanceTo(clock.now());
    await clock.live(deployed.invoke(tick).catch(() => undefined));
  }
  const { pages, posted, events } = deployed;
  return { calls, pages, posted, events: events.map(({ event }) => event) };
}

/** What became of the page, its end and their events, where something went wrong. */
interface Outcome {
  readonly call: Call;
  readonly fault: CallFault;
  /** Of a single call its number; of an outage its first run. */
  readonly at: number;
  /** How much later than without it the page came, seconds; undefined where it never came. */
  readonly late: number | undefined;
  readonly openedPages: number;
  readonly resolvedPages: number;
  readonly openedEvents: number;
  readonly resolvedEvents: number;
  /** Through the second channel. */
  readonly openedPosts: number;
  readonly resolvedPosts: number;
  /** Pages of other keys, and an end that came before its page. */
  readonly wrongPages: number;
  /** How often each may have come. */
  readonly most: number;
}

function outcomeOf(
  trouble: Pick<Outcome, 'call' | 'fault' | 'at' | 'most'>,
  { pages, posted, events }: Played,
  usual: Played,
): Outcome {
  const own = pages.filter(({ key }) => key === KEY);
  const ofKind = (kind: PublishedPage['kind']): readonly PublishedPage[] =>
    own.filter((page) => page.kind === kind);
  const [first] = own;
  const [expected] = usual.pages;
  const countOf = (name: string): number => events.filter((event) => event === name).length;
  const postsOf = (wanted: string): number => posted.filter((kind) => kind === wanted).length;
  return {
    ...trouble,
    late:
      first === undefined || expected === undefined ? undefined : (first.at - expected.at) / 1000,
    openedPages: ofKind('opened').length,
    resolvedPages: ofKind('resolved').length,
    openedEvents: countOf('vtepwatch.incident.opened'),
    resolvedEvents: countOf('vtepwatch.incident.resolved'),
    openedPosts: postsOf('opened'),
    resolvedPosts: postsOf('resolved'),
    wrongPages: pages.length - own.length + Number(!inOrder(own)),
  };
}

/** No page of the fault comes after its end, but the end itself once more. */
function inOrder(pages: readonly PublishedPage[]): boolean {
  const end = pages.findIndex(({ kind }) => kind === 'resolved');
  return end > 0 && pages.slice(end).every(({ kind }) => kind === 'resolved');
}

/** Lets each call that `concerns` picks go wrong in every way, one at a time. */
export async function sweep(
  concerns: (call: Call, at: number) => boolean,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const usual = await play();
  const mishaps = usual.calls.flatMap((call, at) =>
    concerns(call, at)
      ? CALL_FAULTS.map((fault) => ({ call, at, fault, most: AMBIGUOUS.has(fault) ? 2 : 1 }))
      : [],
  );
  const outcomes: Outcome[] = [];
  for (const mishap of mishaps) {
    const played = await play((_, { call }) => (call === mishap.at ? mishap.fault : undefined));
    outcomes.push(outcomeOf(mishap, played, usual));
    progress(outcomes.length, mishaps.length);
  }
  return outcomes;
}

/** What a service can be like for several runs: a process that is killed lasts no longer than its run. */
const OUTAGES = ['refused', 'throttled', 'hanging', 'never-sent', 'answer-lost'] as const;

/** How many runs an outage lasts. */
const OUTAGE_RUNS = 3;

/** Without its table a run knows of no page that another process has sent; each outage is a repeat or two. */
const OUTAGE_REPEATS = 3;

const AWAY: readonly ServiceName[] = ['dynamodb', 'sns', 'webhook', 'otlp'];

/** Takes each service away for three runs, in every way, beginning with each run that `concerns` picks. */
export async function outages(
  concerns: (run: number) => boolean,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const usual = await play(undefined, OUTAGE_RUNS);
  const all = AWAY.flatMap((service) =>
    OUTAGES.flatMap((fault) =>
      Array.from({ length: STORY.ticks }, (_, at) => at)
        .filter(concerns)
        .map((at) => ({
          call: { service, operation: 'all' },
          fault,
          at,
          most: OUTAGE_REPEATS,
        })),
    ),
  );
  const outcomes: Outcome[] = [];
  for (const outage of all) {
    const { call, at, fault } = outage;
    const played = await play(
      ({ service }, { run }) =>
        service === call.service && run >= at && run < at + OUTAGE_RUNS ? fault : undefined,
      OUTAGE_RUNS,
    );
    outcomes.push(outcomeOf(outage, played, usual));
    progress(outcomes.length, all.length);
  }
  return outcomes;
}

/** After these faults nobody can know whether the receiver has it, so it is sent again. */
const AMBIGUOUS: ReadonlySet<CallFault> = new Set(['answer-lost', 'killed-before', 'killed-after']);

/** Why an outcome is none that people can trust; undefined where it is one. */
export function faultOf(outcome: Outcome): string | undefined {
  const { openedPages, resolvedPages, openedEvents, resolvedEvents, wrongPages, most } = outcome;
  const { openedPosts, resolvedPosts } = outcome;
  if (openedPages === 0) return 'the page never came';
  if (resolvedPages === 0) return 'RESOLVED never came';
  if (openedPosts === 0 || resolvedPosts === 0) return 'a page never came through the webhook';
  if (wrongPages > 0) return 'a page of another key, or after RESOLVED';
  if (openedPages > most || resolvedPages > most) return 'a page came too often';
  if (openedPosts > most || resolvedPosts > most) return 'a page came too often to the webhook';
  if (openedEvents > most || resolvedEvents > most) return 'an event came too often';
  if (openedEvents === 0 || resolvedEvents === 0) return 'an event never came';
  return undefined;
}

/** One line for each way in which calls go wrong. */
export function summaryOf(outcomes: readonly Outcome[]): readonly string[] {
  return CALL_FAULTS.flatMap((fault) => {
    const some = outcomes.filter((one) => one.fault === fault);
    if (some.length === 0) return [];
    const twice = some.filter(({ openedPages, resolvedPages }) => openedPages + resolvedPages > 2);
    const events = some.filter(
      ({ openedEvents, resolvedEvents }) => openedEvents + resolvedEvents > 2,
    );
    const lost = some.filter((one) => faultOf(one) !== undefined);
    const latest = Math.max(0, ...some.map(({ late = 0 }) => late));
    return `${fault.padEnd(14)} ${some.length} plays: ${lost.length} failed, ${twice.length} with a page twice, ${events.length} with an event twice, page at most ${Math.round(latest)} s late`;
  });
}
