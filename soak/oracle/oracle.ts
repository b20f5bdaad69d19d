import type { Report } from '../../shared/contract/report.ts';
import type { PublishedPage } from '../account/sns.ts';
import type { Deployment, Fault } from '../story.ts';
import type { Cell } from '../world/damage.ts';
import type { Host } from '../world/host.ts';
import type { PlayedWorld } from '../world/play.ts';
import { accusesRightly, type Claim, claimedOf, namesIn } from './claim.ts';
import type { Failure, FailureKind } from './failure.ts';
import { isUndisturbed, isWrong, labelOf, rightCauses, shapeOf } from './truth.ts';

/** One invocation, as the oracle is told of it. */
export interface SeenRun {
  /** Undefined where the run failed. */
  readonly report: Report | undefined;
  readonly error: string | undefined;
}

/** A fault that the story inflicted, and what became of it. */
interface TrueFault {
  readonly event: Fault;
  readonly at: number;
  readonly cells: readonly Cell[];
  /** Those that no earlier fault had made wrong. */
  readonly own: readonly Cell[];
  /** Those that have not been right since: what a reboot takes from another one is not of the fault. */
  left: readonly Cell[];
  /** A page that came after it began has named all that was wrong of it, as part of a larger fault. */
  isNamed: boolean;
  /** Most of it was wrong already, as part of another fault, or was paged before and is not resolved yet. */
  readonly isCovered: boolean;
  /** How many incidents it may be. */
  readonly mostKeys: number;
  endedAt: number | undefined;
  readonly keys: string[];
  pages: number;
  firstPageAt: number | undefined;
  resolved: boolean;
  /** Runs in a row that could see it, now and at most. */
  seenRuns: number;
  mostSeenRuns: number;
  hider: string | undefined;
}

/** An incident that people were paged for. */
interface OpenIncident {
  readonly claim: Claim;
  /** Everybody whom it has ever named, and its fault concerns. */
  readonly names: Set<string>;
  readonly fault: TrueFault | undefined;
  quietRuns: number;
  isLeftOpen: boolean;
}

/** What a story showed. */
export interface Verdict {
  readonly failures: readonly Failure[];
  readonly faults: readonly JudgedFault[];
  readonly pages: number;
}

export interface JudgedFault {
  readonly label: string;
  readonly isWide: boolean;
  readonly pages: number;
  readonly keys: number;
  /** From the fault to its first page; undefined where there was none. */
  readonly seconds: number | undefined;
}

/** How many undisturbed runs may pass before an incident must be resolved, or a host known. */
const QUIET_RUNS = 6;

/** How many runs must see a fault: one opens it, and two may be kept from it. A small one waits three more. */
const SEEN_RUNS = { wide: 3, small: 7 } as const;

const LARGEST_FIRST = ['cluster', 'group', 'subject', 'observer', 'pair'] as const;

/**
 * Judges pages by the modelled truth alone: what kernels hold, and what they would have to hold. It
 * knows of the function only what people see, its pages and the report.
 */
export class Oracle {
  readonly #played: PlayedWorld;
  readonly #deployment: Deployment;
  readonly #start: number;
  readonly #faults: TrueFault[] = [];
  readonly #open = new Map<string, OpenIncident>();
  readonly #failures: Failure[] = [];
  readonly #claims = new Map<string, Claim>();
  readonly #unknownRuns = new Map<Host, number>();
  #aliveAtStart: ReadonlySet<TrueFault> = new Set();
  #undisturbedAtStart: ReadonlySet<Host> = new Set();
  #startedAt = 0;
  #pages = 0;

  constructor(
    played: PlayedWorld,
    options: { readonly deployment: Deployment; readonly start: number },
  ) {
    this.#played = played;
    this.#deployment = options.deployment;
    this.#start = options.start;
  }

  /** The world has just moved on to the moment at which a run begins. */
  runBegins(): void {
    this.#lookAtFaults();
    const { world } = this.#played;
    this.#startedAt = world.now;
    this.#aliveAtStart = new Set(this.#faults.filter(({ endedAt }) => endedAt === undefined));
    this.#undisturbedAtStart = new Set(
      world.members().filter((host) => isUndisturbed(world, host)),
    );
  }

  /** The world has moved on to the end of the run. */
  runEnded(run: SeenRun, pages: readonly PublishedPage[]): void {
    const { report } = run;
    this.#lookAtFaults();
    if (run.error !== undefined) this.#fail('run-failed', 'error', run.error);
    for (const incident of report?.incidents ?? []) this.#hear(incident);
    for (const page of this.#inOrder(pages)) this.#judge(page);
    if (report === undefined || report.refused !== undefined) return;
    this.#countSeen();
    this.#lookForLeftOpen();
    this.#lookForUnknown(report);
  }

  verdict(): Verdict {
    const judged = this.#faults.filter(({ event }) => event.damage.kind !== 'not-permanent');
    for (const fault of judged) {
      const { wide, small } = SEEN_RUNS;
      const isDue = fault.mostSeenRuns >= (this.#isWide(fault) ? wide : small);
      if (!isDue || fault.keys.length > 0 || fault.isCovered || fault.isNamed) continue;
      const kind = fault.hider === undefined ? 'missed' : 'hidden';
      this.#fail(kind, labelOf(fault.event), `${fault.event.fault} ${fault.hider ?? ''}`);
    }
    return {
      failures: this.#failures,
      faults: judged.map((fault) => ({
        label: labelOf(fault.event),
        isWide: this.#isWide(fault),
        pages: fault.pages,
        keys: fault.keys.length,
        seconds:
          fault.firstPageAt === undefined ? undefined : (fault.firstPageAt - fault.at) / 1000,
      })),
      pages: this.#pages,
    };
  }

  /** Notices new faults, and those whose last cell is right again or gone. */
  #lookAtFaults(): void {
    const { world, faults } = this.#played;
    for (const { event, at, cells } of faults.slice(this.#faults.length)) {
      const alive = this.#faults.filter(({ endedAt }) => endedAt === undefined);
      const known = new Set(alive.flatMap((fault) => fault.cells.map(nameOf)));
      this.#faults.push({
        event,
        at,
        cells,
        own: cells.filter((cell) => !known.has(nameOf(cell))),
        left: cells,
        isNamed: false,
        isCovered:
          this.#isStillPaged(event) ||
          cells.filter((cell) => known.has(nameOf(cell))).length * 2 >= cells.length,
        mostKeys: keysOf(
          event,
          new Set(
            cells
              .filter((cell) => !known.has(nameOf(cell)))
              .map(({ observer, subject }) =>
                shapeOf(event) === 'row' ? observer.instanceId : subject.instanceId,
              ),
          ),
        ),
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
    for (const fault of this.#faults) {
      if (fault.endedAt !== undefined) continue;
      if (!fault.cells.some((cell) => isWrong(world, cell))) fault.endedAt = world.now;
      fault.left = fault.left.filter((cell) => isWrong(world, cell));
    }
  }

  /** Whether the same damage was done before, and its RESOLVED has not come: nobody is to be paged twice. */
  #isStillPaged({ damage }: Fault): boolean {
    const again = JSON.stringify(damage);
    return [...this.#open.values()].some(
      ({ fault }) => fault !== undefined && JSON.stringify(fault.event.damage) === again,
    );
  }

  #hear(claim: Claim): void {
    this.#claims.set(claim.key, claim);
    const open = this.#open.get(claim.key);
    for (const name of namesIn(claim)) open?.names.add(name);
  }

  /** Pages of one run go out side by side: of two keys for one fault the larger one counts as the first. */
  #inOrder(pages: readonly PublishedPage[]): readonly PublishedPage[] {
    const rank = ({ key }: PublishedPage): number =>
      LARGEST_FIRST.findIndex((scope) => scope === this.#claims.get(key)?.scope);
    return pages.toSorted((one, other) => rank(one) - rank(other));
  }

  #judge(page: PublishedPage): void {
    this.#pages += 1;
    const claim = this.#claims.get(page.key);
    if (claim === undefined) throw new Error(`no report has the incident of the page ${page.key}`);
    if (page.kind === 'resolved') return this.#judgeResolve(claim);
    const before = this.#open.get(page.key)?.fault;
    const fault = page.kind === 'worsened' && before !== undefined ? before : this.#faultOf(claim);
    const concerned = fault?.cells.flatMap((cell) => [cell.observer.name, cell.subject.name]) ?? [];
    this.#open.set(page.key, {
      claim,
      names: new Set([...namesIn(claim), ...concerned]),
      fault,
      quietRuns: 0,
      isLeftOpen: false,
    });
    const what = `${page.kind} ${page.key} ${claim.cause}`;
    if (fault === undefined || fault.event.damage.kind === 'not-permanent') {
      return this.#fail('false-page', `${claim.scope} ${claim.cause}`, what);
    }
    for (const one of this.#alive().filter(({ left }) => left.length > 0)) {
      one.isNamed ||= claimedOf(claim, one.left).length === one.left.length;
    }
    fault.pages += 1;
    fault.firstPageAt ??= page.at;
    if (page.kind === 'worsened') return undefined;
    this.#judgeOpened(claim, fault, what);
    return undefined;
  }

  #judgeOpened(claim: Claim, fault: TrueFault, what: string): void {
    const label = labelOf(fault.event);
    const isKnownKey = fault.keys.includes(claim.key);
    if (fault.resolved) this.#fail('flapping', label, what);
    fault.resolved = false;
    if (isKnownKey) return;
    fault.keys.push(claim.key);
    if (fault.keys.length > fault.mostKeys) {
      this.#fail('second-key', label, `${what}, after ${fault.keys[0]}`);
      return;
    }
    // What came while the run read its hosts may have been read in part.
    if (fault.at > this.#startedAt) return;
    const cells = fault.left.length > 0 ? fault.left : fault.cells;
    // A run that saw no more than half of a fault cannot say of what it is a part.
    const seen = cells.filter(
      ({ observer, subject }) => this.#sawWell(observer) && this.#sawWell(subject),
    );
    if (seen.length * 2 <= cells.length) return;
    const isPartition = claim.cause === 'partition' && fault.event.damage.kind === 'partition';
    if (!isPartition && !accusesRightly(claim, { shape: shapeOf(fault.event), cells })) {
      this.#fail('wrong-victim', label, `${what}, for ${fault.event.fault}`);
      return;
    }
    const others = this.#alive().filter((one) => claimedOf(claim, one.cells).length > 0);
    const members = this.#played.world.members().length;
    const right = rightCauses(fault.event.damage, {
      seesAnnotations: this.#seesAnnotations(),
      isEveryPair: cells.length >= members * (members - 1),
    });
    if (others.length < 2 && !right.includes(claim.cause)) {
      this.#fail('wrong-cause', label, `${what}, for ${fault.event.fault}`);
    }
  }

  #judgeResolve(claim: Claim): void {
    const incident = this.#open.get(claim.key);
    this.#open.delete(claim.key);
    const fault = incident?.fault;
    if (incident === undefined || fault === undefined) return;
    fault.pages += 1;
    if (fault.endedAt !== undefined) return;
    const others = this.#alive().filter((one) => one !== fault);
    const theirs = new Set(others.flatMap(({ cells }) => cells.map(nameOf)));
    const wrong = claimedOf(incident.claim, fault.left).filter(
      (cell) => isWrong(this.#played.world, cell) && !theirs.has(nameOf(cell)),
    );
    if (wrong.length === 0) return;
    fault.resolved = true;
    const detail = `${claim.key}, while ${wrong.length} cells of ${fault.event.fault} are wrong`;
    this.#fail('resolved-early', labelOf(fault.event), detail);
  }

  /**
   * The fault of which the claim speaks most, among those that were there during the run. A row and a
   * column that cross in one cell are not one fault.
   */
  #faultOf(claim: Claim): TrueFault | undefined {
    const { observers, scope, subject, subjects, missingPeers } = claim;
    const members = this.#played.world.members().length;
    // Of a row a page says how many nodes are missing, and not which.
    const peers = (scope === 'observer' ? missingPeers : undefined) ?? members - 1;
    const observing = observers.length === 0 ? peers : observers.length;
    const size = observing * (subject === undefined ? (subjects?.length ?? peers) : 1);
    const candidates = this.#alive()
      .map((fault) => ({ fault, claimed: claimedOf(claim, fault.cells).length }))
      .filter(({ fault, claimed }) => claimed * 2 >= Math.min(size, fault.cells.length))
      .toSorted((one, other) => other.claimed - one.claimed);
    // What nobody was paged for, and the claim has whole, is what a new key is about. A weak entry pages nobody.
    const news = candidates.find(
      ({ fault }) =>
        fault.event.damage.kind !== 'not-permanent' &&
        fault.keys.length === 0 &&
        claimedOf(claim, fault.own).length === fault.own.length,
    );
    const [largest] = candidates;
    const isKnown = largest?.fault.keys.some((key) => this.#open.has(key)) === true;
    return (isKnown && !this.#open.has(claim.key) ? news?.fault : undefined) ?? largest?.fault;
  }

  #alive(): readonly TrueFault[] {
    return this.#faults.filter(
      (fault) => fault.endedAt === undefined || this.#aliveAtStart.has(fault),
    );
  }

  /** Whether the node list came in this run: no master was away, and the API did not fail. */
  #seesAnnotations(): boolean {
    const { world } = this.#played;
    const masters = world.hosts.filter(({ master }) => master);
    const isUp = masters.every(({ quietSince }) => quietSince === undefined);
    const failsUntil = world.troubles.listFailsUntil;
    return this.#deployment === 'kubeconfig' && isUp && failsUntil < world.now - 60_000;
  }

  #countSeen(): void {
    const { world } = this.#played;
    for (const fault of this.#faults) {
      if (fault.endedAt !== undefined) continue;
      const wrong = fault.cells.filter((cell) => isWrong(world, cell));
      const seen = wrong.filter(
        ({ observer, subject }) => this.#sawWell(observer) && this.#sawWell(subject),
      );
      const sees = this.#aliveAtStart.has(fault) && seen.length * 2 >= wrong.length;
      fault.seenRuns = sees && world.troubles.throttled.until < world.now ? fault.seenRuns + 1 : 0;
      fault.mostSeenRuns = Math.max(fault.mostSeenRuns, fault.seenRuns);
      if (fault.keys.length > 0) continue;
      const hider = [...this.#open.values()].find(
        ({ claim }) => claimedOf(claim, wrong).length * 2 >= wrong.length,
      );
      if (hider !== undefined) fault.hider = `hidden by ${hider.claim.key}`;
    }
  }

  #sawWell(host: Host): boolean {
    return this.#undisturbedAtStart.has(host) && isUndisturbed(this.#played.world, host);
  }

  /** Cut off from half of the nodes or more: such a fault is paged by the run that sees it. */
  #isWide({ event, cells }: TrueFault): boolean {
    const peers = this.#played.world.members().length - 1;
    const most = mostOf(
      cells.map(({ observer, subject }) =>
        shapeOf(event) === 'row' ? observer.instanceId : subject.instanceId,
      ),
    );
    return most * 2 >= peers;
  }

  #lookForLeftOpen(): void {
    const { world } = this.#played;
    for (const incident of this.#open.values()) {
      const { claim, names, fault, isLeftOpen } = incident;
      const isOver = fault === undefined || fault.endedAt !== undefined;
      const isOthers = this.#alive().some((one) => claimedOf(claim, one.cells).length > 0);
      const isQuiet = [...names].every((name) => {
        const host = world.member(name);
        return host === undefined ? this.#hasLeft(name) : this.#sawWell(host);
      });
      incident.quietRuns = isOver && !isOthers && isQuiet ? incident.quietRuns + 1 : 0;
      if (isLeftOpen || incident.quietRuns < QUIET_RUNS) continue;
      incident.isLeftOpen = true;
      const label = fault === undefined ? 'after a false page' : labelOf(fault.event);
      this.#fail('left-open', label, `${claim.key} ${claim.cause}`);
    }
  }

  /** A host that still answers may be missing from the list by mistake: it has not left. */
  #hasLeft(name: string): boolean {
    const { api, hosts } = this.#played.world;
    const answers = hosts.some((one) => one.name === name && one.quietSince === undefined);
    return !answers && !api.now().has(name);
  }

  #lookForUnknown({ hosts }: Report): void {
    const observed = new Set(hosts.observed);
    // Nobody can know a host that joined since the list was read last.
    if (this.#played.world.troubles.listFailsUntil >= this.#played.world.now) return;
    for (const host of this.#played.world.members()) {
      const isKnown = observed.has(host.name) || !this.#sawWell(host);
      const runs = isKnown ? 0 : (this.#unknownRuns.get(host) ?? 0) + 1;
      this.#unknownRuns.set(host, runs);
      if (runs === QUIET_RUNS) this.#fail('unknown-too-long', 'host', host.name);
    }
  }

  #fail(kind: FailureKind, of: string, detail: string): void {
    const at = Math.round((this.#played.world.now - this.#start) / 1000);
    this.#failures.push({ kind, at, of, detail });
  }
}

/**
 * Three nodes or more with one cause are one fault; two are two. A node of which everything was wrong
 * already has an incident of its own.
 */
function keysOf({ damage }: Fault, nodes: ReadonlySet<string>): number {
  return nodes.size === 2 && damage.kind !== 'drift' ? 2 : 1;
}

function nameOf({ observer, subject }: Cell): string {
  return `${observer.instanceId} ${subject.instanceId}`;
}

function mostOf(names: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
