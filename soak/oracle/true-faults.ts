import type { Fault } from '../story.ts';
import type { Cell } from '../world/damage.ts';
import type { Host } from '../world/host.ts';
import type { PlayedWorld } from '../world/play.ts';
import { type Direction, directionOf, type FaultLine, keysOf, linesOf } from './keys.ts';
import { answersNow, wouldShow } from '../world/packets.ts';
import { areTablesRight, isUndisturbed, isWrong, shapeOf } from './truth.ts';

/** A fault that the story inflicted, and what became of it. */
export interface TrueFault {
  readonly event: Fault;
  readonly at: number;
  readonly cells: readonly Cell[];
  /** How many others there were then of each node. */
  readonly peers: number;
  /** Those that no earlier fault had made wrong. */
  readonly own: readonly Cell[];
  /** Those that have not been right since: what a reboot takes from another one is not of the fault. */
  left: readonly Cell[];
  /** Most of it was wrong already, as part of another fault, or was paged before and is not resolved yet. */
  readonly isCovered: boolean;
  /** How many incidents it may be, by what the runs have seen. */
  mostKeys: number;
  direction: Direction;
  /** Its lines that `mostKeys` counts, those that a run has surely seen, and since how many runs no more has been. */
  readonly countedLines: Set<string>;
  readonly seenLines: Set<string>;
  steadyRuns: number;
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

/**
 * How many runs must see a fault: one opens it, and two may be kept from it. A small one waits three more. Of
 * packets, by which each host tries a few peers in a run, two runs must see a loss.
 */
const SEEN_RUNS = { wide: 3, small: 7, packets: 5 } as const;

/** After so many runs at the latest two others have tried a host in one run, and were answered. */
const HEARD_RUNS = 3;

/** A node joins an incident that has grown at most so many runs ago, and has one of its own later. */
const JOIN_RUNS = 3;

/** Keeps account of the story's faults: when they begin and end, and which runs could see them. */
export class TrueFaults {
  readonly #played: PlayedWorld;
  readonly all: TrueFault[] = [];
  #aliveAtStart: ReadonlySet<TrueFault> = new Set();
  #undisturbedAtStart: ReadonlySet<Host> = new Set();
  #startedAt = 0;
  /** In how many undisturbed runs each host has answered tests, without a loss. */
  readonly #heardRuns = new Map<Host, number>();

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
          .filter((fault) => fault.endedAt === undefined && wakes(fault.event))
          .flatMap((fault) => fault.cells.map(nameOf)),
      );
      const own = cells.filter((cell) => !known.has(nameOf(cell)));
      this.all.push({
        event,
        at,
        cells,
        peers: world.members().length - 1,
        own,
        left: cells,
        isNamed: false,
        isCovered: isStillPaged(event) || (cells.length - own.length) * 2 >= cells.length,
        mostKeys: 1,
        direction: 'columns',
        countedLines: new Set(),
        seenLines: new Set(),
        steadyRuns: 0,
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
      fault.left = fault.left.filter((cell) => isWrong(world, cell));
      // A cell that was right meanwhile and is wrong again is another fault's.
      if (fault.left.length === 0) fault.endedAt = world.now;
    }
  }

  /** The faults that were there during the run. */
  alive(): readonly TrueFault[] {
    return this.all.filter((fault) => fault.endedAt === undefined || this.#aliveAtStart.has(fault));
  }

  /** Counts how many incidents each fault may be, by what this run could see of it. Before its pages are judged. */
  countKeys(): void {
    for (const fault of this.alive()) {
      const { event, at, keys, countedLines, seenLines } = fault;
      const isPaged = keys.length > 0;
      if (!isPaged) {
        fault.direction = directionOf(leftOf(fault));
        countedLines.clear();
        seenLines.clear();
      }
      const lines = this.#freshLinesOf(fault);
      const isTorn = at > this.#startedAt;
      const seen = lines.filter(
        (line) =>
          !isTorn && isMost(line, (cell) => this.sawCell(cell) && this.#isTested(cell, fault)),
      );
      const grown = seen.filter(({ name }) => !seenLines.has(name));
      const added = lines.filter(({ name }) => !countedLines.has(name));
      const late = fault.steadyRuns >= JOIN_RUNS ? grown.filter((one) => !added.includes(one)) : [];
      fault.mostKeys = isPaged
        ? fault.mostKeys + added.length + late.length
        : keysOf(event, lines, seen.length);
      for (const { name } of lines) countedLines.add(name);
      for (const { name } of grown) seenLines.add(name);
      fault.steadyRuns = grown.length > 0 || !isPaged ? 0 : fault.steadyRuns + 1;
    }
  }

  /** A node of which most is wrong as part of an earlier fault has an incident already. */
  #freshLinesOf(fault: TrueFault): readonly FaultLine[] {
    const { event, direction } = fault;
    const left = leftOf(fault);
    const earlier = this.all
      .slice(0, this.all.indexOf(fault))
      .filter((one) => one.endedAt === undefined && wakes(one.event));
    const known = new Set(earlier.flatMap((one) => one.left.map(nameOf)));
    const isOwn = (cell: Cell): boolean => !known.has(nameOf(cell));
    const cells = shapeOf(event) === 'partition' ? left.filter(isOwn) : left;
    return linesOf(event, cells, direction).filter((line) => isMost(line, isOwn));
  }

  /** Counts the runs in a row that could see each fault. */
  countSeen(): void {
    const { world } = this.#played;
    for (const host of world.members()) {
      const isHeard = host.losses.length === 0 && answersNow(host, this.#startedAt);
      if (!isHeard || !this.sawWell(host)) continue;
      this.#heardRuns.set(host, (this.#heardRuns.get(host) ?? 0) + 1);
    }
    for (const fault of this.all) {
      if (fault.endedAt !== undefined) continue;
      const shown = this.#shownOf(fault);
      const seen = shown.filter((cell) => this.sawCell(cell));
      // Of packets those that no test shows count as well: what only a few show may be chance.
      const wrong = isOfPackets(fault) ? this.wrongOf(fault) : shown;
      const isThere = this.#aliveAtStart.has(fault) && wrong.length > 0;
      const { least, share } = seenOf(fault);
      const sees = isThere && seen.length >= wrong.length * share && seen.length >= least;
      fault.seenRuns = sees && world.troubles.throttled.until < world.now ? fault.seenRuns + 1 : 0;
      fault.mostSeenRuns = Math.max(fault.mostSeenRuns, fault.seenRuns);
    }
  }

  wrongOf({ cells }: TrueFault): readonly Cell[] {
    return cells.filter((cell) => isWrong(this.#played.world, cell));
  }

  /**
   * The cells in which something shows that the fault is there: what another fault, which people know of, has
   * taken from the same tables of a cell, no run could tell from it.
   */
  #shownOf(fault: TrueFault): readonly Cell[] {
    const others = this.all.filter(
      (one) => one !== fault && one.endedAt === undefined && one.keys.length > 0,
    );
    const taken = Map.groupBy(
      others.flatMap(({ cells }) => cells),
      nameOf,
    );
    return this.wrongOf(fault).filter((cell) => {
      const { tables, isOfSettings, loss } = cell;
      if (loss !== undefined) return this.#isTested(cell, fault);
      const theirs = new Set((taken.get(nameOf(cell)) ?? []).flatMap((one) => one.tables));
      return isOfSettings === true || !tables.every((table) => theirs.has(table));
    });
  }

  /** Tests show a loss where nothing else is wrong between two hosts, and both have answered before. */
  #isTested(cell: Cell, fault: TrueFault): boolean {
    const { observer, subject, loss } = cell;
    if (loss === undefined) return true;
    const ends = new Set([observer, subject]);
    const isOthers = this.all.some(
      (one) =>
        one !== fault &&
        one.endedAt === undefined &&
        one.left.some((other) => ends.has(other.observer) && ends.has(other.subject)),
    );
    const { world } = this.#played;
    return (
      !isOthers &&
      areTablesRight(world, cell) &&
      wouldShow(loss, { observer, subject, now: this.#startedAt }) &&
      [...ends].every((host) => (this.#heardRuns.get(host) ?? 0) >= HEARD_RUNS)
    );
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
    if (isOfPackets(fault)) return fault.mostSeenRuns >= SEEN_RUNS.packets;
    return fault.mostSeenRuns >= (this.isWide(fault) ? SEEN_RUNS.wide : SEEN_RUNS.small);
  }

  /**
   * Cut off from half of the nodes or more: such a fault is paged by the run that sees it. People know already
   * of what an earlier fault had made wrong.
   */
  isWide({ event, own, peers }: TrueFault): boolean {
    return mostOf(accusedIn(event, own)) * 2 >= peers;
  }
}

/** What works, and is not permanent, pages nobody. */
export function wakes({ damage }: Fault): boolean {
  return damage.kind !== 'not-permanent';
}

/**
 * How many cells of a fault a run must see, and which share. Of fewer than three pairs nobody says that their packets
 * are lost: a way and its way back are two. A connection has one, and a host begins three in a run: most must show it.
 */
function seenOf({ event: { damage } }: TrueFault): {
  readonly least: number;
  readonly share: number;
} {
  if (damage.kind !== 'packets-lost') return { least: 1, share: 1 / 2 };
  return damage.which === 'connections' ? { least: 3, share: 3 / 4 } : { least: 2, share: 1 / 2 };
}

export function isOfPackets({ event }: TrueFault): boolean {
  return event.damage.kind === 'packets-lost';
}

/** Of one that has just ended, all that it was. */
function leftOf({ left, cells }: TrueFault): readonly Cell[] {
  return left.length > 0 ? left : cells;
}

function isMost({ cells }: FaultLine, holds: (cell: Cell) => boolean): boolean {
  return cells.filter(holds).length * 2 > cells.length;
}

/** Each cell's node that is at fault. */
function accusedIn(event: Fault, cells: readonly Cell[]): readonly string[] {
  return cells.map(({ observer, subject }) =>
    shapeOf(event) === 'row' ? observer.instanceId : subject.instanceId,
  );
}

/** What packets show of a pair is another cell than what its tables show. */
export function nameOf({ observer, subject, loss }: Cell): string {
  const way = `${observer.instanceId} ${subject.instanceId}`;
  return loss === undefined ? way : `${way} packets`;
}

function mostOf(names: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
