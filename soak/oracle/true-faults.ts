import type { Fault } from '../story.ts';
import type { Cell } from '../world/damage.ts';
import type { Host } from '../world/host.ts';
import type { PlayedWorld } from '../world/play.ts';
import { isUndisturbed, isWrong, shapeOf } from './truth.ts';

/** A fault that the story inflicted, and what became of it. */
export interface TrueFault {
  readonly event: Fault;
  readonly at: number;
  readonly cells: readonly Cell[];
  /** Those that no earlier fault had made wrong. */
  readonly own: readonly Cell[];
  /** Those that have not been right since: what a reboot takes from another one is not of the fault. */
  left: readonly Cell[];
  /** Most of it was wrong already, as part of another fault, or was paged before and is not resolved yet. */
  readonly isCovered: boolean;
  /** How many incidents it may be. */
  readonly mostKeys: number;
  endedAt: number | undefined;
  /** Runs in a row that could see it, now and at most. */
  seenRuns: number;
  mostSeenRuns: number;
  /** A page that came after it began has named all that was wrong of it, and how, as part of a larger fault. */
  isNamed: boolean;
  readonly keys: string[];
  pages: number;
  firstPageAt: number | undefined;
  resolved: boolean;
  hider: string | undefined;
}

/** How many runs must see a fault: one opens it, and two may be kept from it. A small one waits three more. */
const SEEN_RUNS = { wide: 3, small: 7 } as const;

/** Keeps account of the story's faults: when they begin and end, and which runs could see them. */
export class TrueFaults {
  readonly #played: PlayedWorld;
  readonly all: TrueFault[] = [];
  #aliveAtStart: ReadonlySet<TrueFault> = new Set();
  #undisturbedAtStart: ReadonlySet<Host> = new Set();
  #startedAt = 0;

  constructor(played: PlayedWorld) {
    this.#played = played;
  }

  /** When the run began, epoch milliseconds. */
  get startedAt(): number {
    return this.#startedAt;
  }

  runBegins(): void {
    const { world } = this.#played;
    this.#startedAt = world.now;
    this.#aliveAtStart = new Set(this.all.filter(({ endedAt }) => endedAt === undefined));
    this.#undisturbedAtStart = new Set(
      world.members().filter((host) => isUndisturbed(world, host)),
    );
  }

  /** Notices new faults, and those whose last cell is right again or gone. `isStillPaged`: an open incident has it. */
  look(isStillPaged: (fault: Fault) => boolean): void {
    const { world, faults } = this.#played;
    for (const { event, at, cells } of faults.slice(this.all.length)) {
      const known = new Set(
        this.all
          .filter(({ endedAt }) => endedAt === undefined)
          .flatMap((fault) => fault.cells.map(nameOf)),
      );
      const own = cells.filter((cell) => !known.has(nameOf(cell)));
      this.all.push({
        event,
        at,
        cells,
        own,
        left: cells,
        isNamed: false,
        isCovered: isStillPaged(event) || (cells.length - own.length) * 2 >= cells.length,
        mostKeys: keysOf(event, new Set(accusedIn(event, own))),
        endedAt: undefined,
        keys: [],
        pages: 0,
        firstPageAt: undefined,
        resolved: false,
        seenRuns: 0,
        mostSeenRuns: 0,
        hider: undefined,
      });
    }
    for (const fault of this.all) {
      if (fault.endedAt !== undefined) continue;
      if (!fault.cells.some((cell) => isWrong(world, cell))) fault.endedAt = world.now;
      fault.left = fault.left.filter((cell) => isWrong(world, cell));
    }
  }

  /** The faults that were there during the run. */
  alive(): readonly TrueFault[] {
    return this.all.filter((fault) => fault.endedAt === undefined || this.#aliveAtStart.has(fault));
  }

  /** Counts the runs in a row that could see each fault. */
  countSeen(): void {
    const { world } = this.#played;
    for (const fault of this.all) {
      if (fault.endedAt !== undefined) continue;
      const wrong = this.wrongOf(fault);
      const seen = wrong.filter((cell) => this.sawCell(cell));
      const sees = this.#aliveAtStart.has(fault) && seen.length * 2 >= wrong.length;
      fault.seenRuns = sees && world.troubles.throttled.until < world.now ? fault.seenRuns + 1 : 0;
      fault.mostSeenRuns = Math.max(fault.mostSeenRuns, fault.seenRuns);
    }
  }

  wrongOf({ cells }: TrueFault): readonly Cell[] {
    return cells.filter((cell) => isWrong(this.#played.world, cell));
  }

  /** Whether the host was undisturbed from the beginning of the run to its end. */
  sawWell(host: Host): boolean {
    return this.#undisturbedAtStart.has(host) && isUndisturbed(this.#played.world, host);
  }

  sawCell({ observer, subject }: Cell): boolean {
    return this.sawWell(observer) && this.sawWell(subject);
  }

  /** Whether enough runs in a row could see the fault, so that people must know of it. */
  isDue(fault: TrueFault): boolean {
    return fault.mostSeenRuns >= (this.isWide(fault) ? SEEN_RUNS.wide : SEEN_RUNS.small);
  }

  /** Cut off from half of the nodes or more: such a fault is paged by the run that sees it. */
  isWide({ event, cells }: TrueFault): boolean {
    const peers = this.#played.world.members().length - 1;
    return mostOf(accusedIn(event, cells)) * 2 >= peers;
  }
}

/** Each cell's node that is at fault. */
function accusedIn(event: Fault, cells: readonly Cell[]): readonly string[] {
  return cells.map(({ observer, subject }) =>
    shapeOf(event) === 'row' ? observer.instanceId : subject.instanceId,
  );
}

/**
 * Three nodes or more with one cause are one fault; two are two. A node of which everything was wrong
 * already has an incident of its own.
 */
function keysOf({ damage }: Fault, nodes: ReadonlySet<string>): number {
  return nodes.size === 2 && damage.kind !== 'drift' ? 2 : 1;
}

export function nameOf({ observer, subject }: Cell): string {
  return `${observer.instanceId} ${subject.instanceId}`;
}

function mostOf(names: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
