import type { Report } from '../../shared/contract/report.ts';
import type { PublishedPage } from '../account/sns.ts';
import type { Deployment, Fault } from '../story.ts';
import type { Cell } from '../world/damage.ts';
import type { Host } from '../world/host.ts';
import { answersNow } from '../world/packets.ts';
import type { PlayedWorld } from '../world/play.ts';
import { accusesRightly, type Claim, claimedOf, loneIn, namesIn } from './claim.ts';
import type { Failure, FailureKind } from './failure.ts';
import { isOfPackets, nameOf, type TrueFault, TrueFaults, wakes } from './true-faults.ts';
import { columnOf, isWrong, labelOf, rightCauses, shapeOf } from './truth.ts';

/** One invocation, as the oracle is told of it. */
export interface SeenRun {
  /** Undefined where the run failed. */
  readonly report: Report | undefined;
  readonly error: string | undefined;
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

const LARGEST_FIRST = ['cluster', 'group', 'subject', 'observer', 'pair'] as const;

/**
 * Judges pages by the modelled truth alone: what kernels hold, and what they would have to hold. It
 * knows of the function only what people see, its pages and the report.
 */
export class Oracle {
  readonly #played: PlayedWorld;
  readonly #deployment: Deployment;
  readonly #start: number;
  readonly #faults: TrueFaults;
  readonly #open = new Map<string, OpenIncident>();
  readonly #failures: Failure[] = [];
  readonly #claims = new Map<string, Claim>();
  readonly #unknownRuns = new Map<Host, number>();
  #pages = 0;

  constructor(
    played: PlayedWorld,
    options: { readonly deployment: Deployment; readonly start: number },
  ) {
    this.#played = played;
    this.#faults = new TrueFaults(played);
    this.#deployment = options.deployment;
    this.#start = options.start;
  }

  /** The world has just moved on to the moment at which a run begins. */
  runBegins(): void {
    this.#faults.look((fault) => this.#isStillPaged(fault));
    this.#faults.runBegins();
  }

  /** The world has moved on to the end of the run. */
  runEnded(run: SeenRun, pages: readonly PublishedPage[]): void {
    const { report } = run;
    this.#faults.look((fault) => this.#isStillPaged(fault));
    if (run.error !== undefined) this.#fail('run-failed', 'error', run.error);
    this.#faults.countKeys();
    for (const incident of report?.incidents ?? []) this.#hear(incident);
    for (const page of this.#inOrder(pages)) this.#judge(page);
    if (report === undefined || report.refused !== undefined) return;
    this.#faults.countSeen();
    this.#lookForHidden();
    this.#lookForLeftOpen();
    this.#lookForUnknown(report);
  }

  verdict(): Verdict {
    const judged = this.#faults.all.filter(({ event }) => wakes(event));
    for (const fault of judged) {
      const isKnown = fault.keys.length > 0 || fault.isCovered || fault.isNamed;
      if (isKnown || !this.#faults.isDue(fault)) continue;
      const kind = fault.hider === undefined ? 'missed' : 'hidden';
      this.#fail(kind, labelOf(fault.event), `${fault.event.fault} ${fault.hider ?? ''}`);
    }
    return {
      failures: this.#failures,
      faults: judged.map((fault) => ({
        label: labelOf(fault.event),
        isWide: this.#faults.isWide(fault),
        pages: fault.pages,
        keys: fault.keys.length,
        seconds:
          fault.firstPageAt === undefined ? undefined : (fault.firstPageAt - fault.at) / 1000,
      })),
      pages: this.#pages,
    };
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
    if (fault === undefined || !wakes(fault.event)) {
      return this.#fail('false-page', `${claim.scope} ${claim.cause}`, what);
    }
    for (const one of this.#faults.alive().filter(({ left }) => left.length > 0)) {
      const column = columnOf(one.event, one.left);
      const isWhole = claimedOf(claim, column).length === column.length;
      one.isNamed ||= isWhole && this.#saysHow(claim, one);
    }
    if (page.kind === 'worsened') this.#judgeWorsened(claim, page);
    fault.pages += 1;
    fault.firstPageAt ??= page.at;
    if (page.kind === 'worsened') return undefined;
    this.#judgeOpened(claim, fault, what);
    return undefined;
  }

  /** A page that comes again, under another cause, is the first page of a fault that came meanwhile. */
  #judgeWorsened(claim: Claim, { at }: PublishedPage): void {
    for (const one of this.#faults.alive()) {
      const { cells, event } = one;
      const isMost = claimedOf(claim, cells).length * 2 >= cells.length;
      const isNew = one.keys.length === 0 && isMost && this.#causesOf(one).includes(claim.cause);
      if (!isNew || !accusesRightly(claim, { shape: shapeOf(event), cells })) continue;
      one.keys.push(claim.key);
      one.pages += 1;
      one.firstPageAt = at;
    }
  }

  /** Whether the claim says what is wrong with the cells of the fault, if beside what else is. */
  #saysHow({ cause, otherCauses }: Claim, fault: TrueFault): boolean {
    const right = this.#causesOf(fault);
    return [cause, ...otherCauses].some((one) => right.includes(one));
  }

  /** What the fault may be called, and where it is a partition, what its parts may be. */
  #causesOf(fault: TrueFault): readonly string[] {
    const right = this.#rightCausesOf(fault, fault.cells);
    const isPartition = fault.event.damage.kind === 'partition';
    return isPartition ? [...right, 'never-programmed', 'tables-empty'] : right;
  }

  #rightCausesOf({ event }: TrueFault, cells: readonly Cell[]): readonly string[] {
    const members = this.#played.world.members().length;
    return rightCauses(event.damage, {
      seesAnnotations: this.#seesAnnotations(),
      isEveryPair: cells.length >= members * (members - 1),
    });
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
    if (fault.at > this.#faults.startedAt) return;
    const cells = this.#partOf(fault);
    // A run that saw no more than half of a fault cannot say of what it is a part.
    const seen = cells.filter((cell) => this.#faults.sawCell(cell));
    if (seen.length * 2 <= cells.length) return;
    const isPartition = claim.cause === 'partition' && fault.event.damage.kind === 'partition';
    if (!isPartition && !accusesRightly(claim, { shape: shapeOf(fault.event), cells })) {
      this.#fail('wrong-victim', label, `${what}, for ${fault.event.fault}`);
      return;
    }
    const others = this.#faults
      .alive()
      .filter(
        (one) => isOfPackets(one) === isOfPackets(fault) && claimedOf(claim, one.cells).length > 0,
      );
    // What an earlier partition has left of one need not look like one.
    const isPart = loneIn(cells) !== undefined || fault.own.length < fault.cells.length;
    const right = isPart ? this.#causesOf(fault) : this.#rightCausesOf(fault, cells);
    if (others.length < 2 && !right.includes(claim.cause)) {
      this.#fail('wrong-cause', label, `${what}, for ${fault.event.fault}`);
    }
  }

  /** What of a fault a new incident can be about: of a partition within another one, what that has not taken. */
  #partOf({ event, cells, left, own }: TrueFault): readonly Cell[] {
    const still = left.length > 0 ? left : cells;
    const fresh =
      shapeOf(event) === 'partition' ? still.filter((cell) => own.includes(cell)) : still;
    return fresh.length > 0 ? fresh : still;
  }

  #judgeResolve(claim: Claim): void {
    const incident = this.#open.get(claim.key);
    this.#open.delete(claim.key);
    const fault = incident?.fault;
    if (incident === undefined || fault === undefined) return;
    fault.pages += 1;
    if (fault.endedAt !== undefined) return;
    const others = this.#faults.alive().filter((one) => one !== fault);
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
    // What packets show of a pair is no part of what its tables show.
    const isOfKind = (fault: TrueFault): boolean =>
      isOfPackets(fault) === (claim.cause === 'overlay-blackhole');
    const size = observing * (subject === undefined ? (subjects?.length ?? peers) : 1);
    const candidates = this.#faults
      .alive()
      .map((fault) => ({ fault, claimed: claimedOf(claim, fault.cells).length }))
      .filter(({ fault, claimed }) => claimed * 2 >= Math.min(size, fault.cells.length))
      .toSorted(
        (one, other) =>
          Number(isOfKind(other.fault)) - Number(isOfKind(one.fault)) ||
          other.claimed - one.claimed,
      );
    const [largest] = candidates;
    const isOfCause = (fault: TrueFault): boolean => this.#causesOf(fault).includes(claim.cause);
    const isOther = largest !== undefined && !isOfCause(largest.fault);
    // What nobody was paged for, and the claim has whole, is what a new key is about. A weak entry pages nobody.
    // Where all of it is wrong already, its cause shows it.
    const news = candidates.find(
      ({ fault }) =>
        wakes(fault.event) &&
        fault.keys.length === 0 &&
        (fault.own.length > 0 || (isOther && isOfCause(fault))) &&
        claimedOf(claim, fault.own).length === fault.own.length &&
        this.#saysHow(claim, fault),
    );
    const isKnown = largest?.fault.keys.some((key) => this.#open.has(key)) === true;
    return (isKnown && !this.#open.has(claim.key) ? news?.fault : undefined) ?? largest?.fault;
  }

  /** Whether the node list came in this run: no master was away, and the API did not fail. */
  #seesAnnotations(): boolean {
    const { world } = this.#played;
    const masters = world.hosts.filter(({ master }) => master);
    const isUp = masters.every(({ quietSince }) => quietSince === undefined);
    const failsUntil = world.troubles.listFailsUntil;
    return this.#deployment === 'kubeconfig' && isUp && failsUntil < world.now - 60_000;
  }

  /** Notices which open incident speaks of most of what nobody was paged for. */
  #lookForHidden(): void {
    for (const fault of this.#faults.all) {
      if (fault.endedAt !== undefined || fault.keys.length > 0) continue;
      const wrong = this.#faults.wrongOf(fault);
      // By what the incident says now: nodes may have joined it since its page.
      const hider = [...this.#open.values()].find(
        ({ claim }) =>
          claimedOf(this.#claims.get(claim.key) ?? claim, wrong).length * 2 >= wrong.length,
      );
      if (hider !== undefined) fault.hider = `hidden by ${hider.claim.key}`;
    }
  }

  #lookForLeftOpen(): void {
    const { world } = this.#played;
    for (const incident of this.#open.values()) {
      const { claim, names, fault, isLeftOpen } = incident;
      const isOver = fault === undefined || fault.endedAt !== undefined;
      const isOthers = this.#faults.alive().some((one) => claimedOf(claim, one.cells).length > 0);
      const isQuiet = [...names].every((name) => {
        const host = world.member(name);
        if (host === undefined) return this.#hasLeft(name);
        // A busy host loses packets still, and nothing shows that one which lets no test in does not.
        const isShown = claim.cause !== 'overlay-blackhole' || answersNow(host, world.now);
        return isShown && this.#faults.sawWell(host);
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
      const isKnown = observed.has(host.name) || !this.#faults.sawWell(host);
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
