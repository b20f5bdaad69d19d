import type { PublishedPage } from './account/sns.ts';
import { type Call, CALL_FAULTS, type CallFault } from './account/wire.ts';
import { deployedFunction } from './deployed-function.ts';
import type { Story } from './story.ts';
import { VirtualClock } from './virtual-clock.ts';
import { playedWorld } from './world/play.ts';

/**
 * Plays one fault of the cluster and its repair again and again, and each time one other call of the
 * function goes wrong in one other way. Whatever it is, the page must come, and so must its end.
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

/** What people and the backend have seen when the story is over. */
interface Played {
  readonly calls: readonly Call[];
  readonly pages: readonly PublishedPage[];
  readonly events: readonly string[];
}

interface Mishap {
  /** The number of the call. */
  readonly at: number;
  readonly fault: CallFault;
}

async function play(mishap?: Mishap): Promise<Played> {
  const { world } = playedWorld(STORY, START);
  const clock = new VirtualClock(START);
  const calls: Call[] = [];
  const deployed = deployedFunction({
    world,
    clock,
    deployment: 'default',
    wire: (call) => (calls.push(call) - 1 === mishap?.at ? mishap.fault : undefined),
  });
  for (let tick = START + 20_000; tick < START + STORY.ticks * PERIOD_MS; tick += PERIOD_MS) {
    clock.skipTo(tick);
    world.agenda.advanceTo(clock.now());
    await clock.live(deployed.invoke(tick).catch(() => undefined));
  }
  const { pages, events } = deployed;
  return { calls, pages, events: events.map(({ event }) => event) };
}

/** What became of the page, its end and their events, where one call went wrong. */
interface Outcome extends Mishap {
  readonly call: Call;
  /** How much later than without the mishap the page came, seconds; undefined where it never came. */
  readonly late: number | undefined;
  readonly openedPages: number;
  readonly resolvedPages: number;
  readonly openedEvents: number;
  readonly resolvedEvents: number;
  /** Pages of other keys, and an end that came before its page. */
  readonly wrongPages: number;
}

function outcomeOf(mishap: Mishap, { calls, pages, events }: Played, usual: Played): Outcome {
  const own = pages.filter(({ key }) => key === KEY);
  const ofKind = (kind: PublishedPage['kind']): readonly PublishedPage[] =>
    own.filter((page) => page.kind === kind);
  const [first] = own;
  const [expected] = usual.pages;
  const countOf = (name: string): number => events.filter((event) => event === name).length;
  return {
    ...mishap,
    call: calls[mishap.at] ?? { service: 'otlp', operation: 'none' },
    late:
      first === undefined || expected === undefined ? undefined : (first.at - expected.at) / 1000,
    openedPages: ofKind('opened').length,
    resolvedPages: ofKind('resolved').length,
    openedEvents: countOf('vtepwatch.incident.opened'),
    resolvedEvents: countOf('vtepwatch.incident.resolved'),
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
    concerns(call, at) ? CALL_FAULTS.map((fault): Mishap => ({ at, fault })) : [],
  );
  const outcomes: Outcome[] = [];
  for (const mishap of mishaps) {
    outcomes.push(outcomeOf(mishap, await play(mishap), usual));
    progress(outcomes.length, mishaps.length);
  }
  return outcomes;
}

/** After these faults nobody can know whether the receiver has it, so it is sent again. */
const AMBIGUOUS: ReadonlySet<CallFault> = new Set(['answer-lost', 'killed-before', 'killed-after']);

/** Why an outcome is none that people can trust; undefined where it is one. */
export function faultOf(outcome: Outcome): string | undefined {
  const { openedPages, resolvedPages, openedEvents, resolvedEvents, wrongPages, fault } = outcome;
  const most = AMBIGUOUS.has(fault) ? 2 : 1;
  if (openedPages === 0) return 'the page never came';
  if (resolvedPages === 0) return 'RESOLVED never came';
  if (wrongPages > 0) return 'a page of another key, or after RESOLVED';
  if (openedPages > most || resolvedPages > most) return 'a page came too often';
  if (openedEvents > most || resolvedEvents > most) return 'an event came too often';
  if (openedEvents === 0 || resolvedEvents === 0) return 'an event never came';
  return undefined;
}

/** One line for each way in which calls go wrong. */
export function summaryOf(outcomes: readonly Outcome[]): readonly string[] {
  return CALL_FAULTS.map((fault) => {
    const some = outcomes.filter((one) => one.fault === fault);
    const twice = some.filter(({ openedPages, resolvedPages }) => openedPages + resolvedPages > 2);
    const events = some.filter(
      ({ openedEvents, resolvedEvents }) => openedEvents + resolvedEvents > 2,
    );
    const lost = some.filter((one) => faultOf(one) !== undefined);
    const latest = Math.max(0, ...some.map(({ late = 0 }) => late));
    return `${fault.padEnd(14)} ${some.length} calls: ${lost.length} failed, ${twice.length} with a page twice, ${events.length} with an event twice, page at most ${Math.round(latest)} s late`;
  });
}
