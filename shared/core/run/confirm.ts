import type { Problem } from '../../contract/report.ts';
import { type Cell, isWrong, mergeCells } from '../matrix/cells.ts';
import { directAgain } from '../matrix/direct.ts';
import { cellOfTables, findDirectly } from '../matrix/tables.ts';
import { holdingsOf, wantedFor } from '../overlay/holdings.ts';
import { type Matrix, rowOf } from '../matrix/matrix.ts';
import { NOTHING_SHOWN } from '../matrix/shown-row.ts';
import { TABLES } from '../../contract/causes.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { diagnose } from '../diagnose/diagnose.ts';
import { conditionsIn, type Finding } from '../diagnose/finding.ts';
import { triedPairs } from '../matrix/tried-pairs.ts';
import { NAMED_NODES, settledAgain } from '../matrix/conditions.ts';
import type { Member } from '../members/member.ts';
import { trustedVteps } from '../members/trust.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { packetsAgain } from './packets-again.ts';
import type { SecondLook } from './second-look.ts';
import type { HostPackets } from '../overlay/packets.ts';
import { type Observation, type Vtep, shownBy } from '../overlay/vtep.ts';
import type { Profile } from '../overlay/profile.ts';

/** A judgement after the second look. */
export interface Confirmed {
  readonly judgement: Judgement;
  /** Whether the second look saw the finding again. It confirms only what it asked for. */
  readonly confirms: (finding: Finding) => boolean;
}

/** What the second look asked for and what it brought. It knows nothing of other subjects. */
interface SecondAnswers extends Pick<SecondLook, 'subjects' | 'apartSeconds' | 'packets'> {
  readonly observations: readonly Observation[];
  /** What hosts say that sent packets again. */
  readonly retried?: readonly Observation[];
  /** Nodes whose part of the node list has changed meanwhile: of them nothing is confirmed. */
  readonly changed?: ReadonlySet<string>;
  /** Nodes whose part of the node list could not be read again: they may have left meanwhile. */
  readonly unread?: ReadonlySet<string> | undefined;
}

/**
 * Compares the findings that are due for a page with the second answers of their observers and
 * subjects, at least `apartSeconds` of the host's own uptime later. Only what is still wrong in the
 * same cell and table counts. Where nobody answered again, the finding stays as the first look saw
 * it, unconfirmed. What looks like the removal of a node is confirmed only where a node list that was read
 * again still has the node.
 */
export function confirm(
  first: Judgement,
  asked: readonly Finding[],
  second: SecondAnswers,
): Confirmed {
  const answers = laterAnswers(first, second);
  const packets = packetsAgain(first, second.packets && retriesOf(first, second));
  const members = first.members.map((member) =>
    packets.of(withSecondLook(member, answers.get(member.node))),
  );
  const vteps = trustedVteps(members, first.trust);
  const again = { answers, vteps, profile: first.profile, subjects: second.subjects };
  const seenAgain = asked.map((finding) => lookAgain(finding, again));
  const asking = new Set(asked.flatMap(({ cells }) => cells));
  const cells = [
    ...first.matrix.cells.filter((cell) => !asking.has(cell)),
    ...seenAgain.flatMap((one) => one.cells),
  ];
  const changed: ReadonlySet<string> = second.changed ?? new Set();
  const leaving = silentAgain(first, second);
  const sure = new Set(
    seenAgain
      .flatMap((one) => one.sure)
      .filter(({ observer, subject }) => !changed.has(observer) && !changed.has(subject))
      .filter((cell) => !leaving.has(cell.subject) || !isUnheld(cell)),
  );
  const healed = healedOf(seenAgain);
  const rows = rowsAgain(first, members, { answers, healed });
  const settled = settledAgain(first.matrix.settled, members, vteps);
  const held = { rows, cells, unexplained: first.matrix.unexplained };
  const matrix: Matrix = {
    ...first.matrix,
    rows,
    settled: { ...settled, tried: triedPairs({ ...settled, held }) },
    cells,
  };
  const lostAgain = packets.lostAgain(matrix);
  const unread: ReadonlySet<string> = second.unread ?? new Set();
  // A state that is found again is one of the second look's where its node answered. Those beside it come first.
  const isStateSure = ({ cause, subject = '', observers }: Finding): boolean =>
    answers.has(subject) &&
    (CAUSE_RULES[cause].isOfPackets !== true || lostAgain.has(subject)) &&
    ![subject, ...observers.slice(0, NAMED_NODES)].some((node) => changed.has(node));
  const isFaultyAgain = (node: string, { cause }: Finding): boolean => {
    const { signature } = CAUSE_RULES[cause];
    const fault = answers.has(node) ? matrix.rows.get(node)?.deviceFault : undefined;
    return signature.kind === 'device' && fault === signature.fault && !changed.has(node);
  };
  const findings = diagnose(matrix);
  return {
    judgement: {
      ...first,
      members,
      vteps,
      matrix,
      findings,
      problems: [...first.problems, ...unreadRemovals(findings, unread)],
    },
    confirms: (finding) =>
      conditionsIn(finding).some(isStateSure) ||
      finding.cells.some((cell) => sure.has(cell) && !isLikeRemoval(finding, cell, unread)) ||
      finding.observers.some((observer) => isFaultyAgain(observer, finding)),
  };
}

/**
 * Nodes that answered the first look and not the second. A node of which a peer holds nothing any more, and
 * that falls silent meanwhile, may just be leaving the cluster: the next run knows.
 */
function silentAgain(first: Judgement, second: SecondAnswers): ReadonlySet<string> {
  const silent = new Set(
    second.observations.flatMap((one) => (one.kind === 'unknown' ? [one.instanceId] : [])),
  );
  return new Set(
    first.members.flatMap(({ node, observed }) => {
      const id = observed?.host.instanceId;
      return id !== undefined && silent.has(id) ? [node] : [];
    }),
  );
}

/** What is not paged before a list was read again. */
function unreadRemovals(
  findings: readonly Finding[],
  unread: ReadonlySet<string>,
): readonly Problem[] {
  const subjects = findings.flatMap((finding) =>
    finding.cells.flatMap((cell) => (isLikeRemoval(finding, cell, unread) ? [cell.subject] : [])),
  );
  const message =
    'all entries for it are gone, as when a node is removed, and no node list was read since: ' +
    'it is not paged before a list has it';
  return [...new Set(subjects)].map((where) => ({ where, message }));
}

/**
 * flannel removes all entries for a node that is removed. No scale-in is known by more than half of the
 * nodes: these are a fault of the cluster, whatever the list.
 */
function isLikeRemoval(
  { cause, scope }: Finding,
  { subject }: Cell,
  unread: ReadonlySet<string>,
): boolean {
  return scope !== 'cluster' && CAUSE_RULES[cause].isLikeLeaving === true && unread.has(subject);
}

/** Whether the observer lacks all that flannel programs for the subject. */
function isUnheld({ state }: Cell): boolean {
  return TABLES.every((table) => isWrong(state[table]));
}

type SecondAnswer = Extract<Observation, { kind: 'tables' }>;

/**
 * The second answers that came late enough, in the same boot: after a reboot the tables are new. A host is
 * the node that it was in the first look, whatever it calls itself.
 */
function laterAnswers(
  first: Judgement,
  second: Pick<SecondAnswers, 'observations' | 'apartSeconds'>,
): ReadonlyMap<string, SecondAnswer> {
  const before = new Map(
    first.members.flatMap(({ node, observed }) =>
      observed === undefined
        ? []
        : [[observed.host.instanceId ?? node, { node, host: observed.host }] as const],
    ),
  );
  const later = second.observations.flatMap((observation) => {
    if (observation.kind !== 'tables') return [];
    const { instanceId, node: name, bootId, uptimeSeconds = 0 } = observation.host;
    const known = before.get(instanceId ?? name);
    const apart = uptimeSeconds - (known?.host.uptimeSeconds ?? Infinity);
    const isSame = known?.host.bootId === bootId && apart >= second.apartSeconds;
    return known !== undefined && isSame ? [[known.node, observation] as const] : [];
  });
  return new Map(later);
}

/** By node, what became of packets that were sent again, late enough and in the same boot. */
function retriesOf(
  first: Judgement,
  { retried = [], apartSeconds }: SecondAnswers,
): ReadonlyMap<string, HostPackets> {
  return new Map(
    [...laterAnswers(first, { observations: retried, apartSeconds })].flatMap(
      ([node, { packets }]) => (packets === undefined ? [] : [[node, packets] as const]),
    ),
  );
}

/** Keeps the first look's tables, since the second brings only the wanted entries; updates devices. */
function withSecondLook(member: Member, answer: SecondAnswer | undefined): Member {
  if (answer === undefined || member.observed === undefined) return member;
  const { tables } = member.observed;
  return {
    ...member,
    observed: {
      ...member.observed,
      tables: { ...tables, devices: answer.tables.devices ?? tables.devices },
      verbatim: answer.verbatim,
    },
  };
}

/** The rows, with the devices of the second look. */
function rowsAgain(
  { matrix, vteps }: Judgement,
  members: readonly Member[],
  {
    answers,
    healed,
  }: {
    readonly answers: ReadonlyMap<string, SecondAnswer>;
    readonly healed: ReadonlySet<string>;
  },
): Matrix['rows'] {
  const own = groupBy(vteps, ({ node }) => node);
  const asked = members.flatMap((member) => {
    const row = answers.has(member.node) ? matrix.rows.get(member.node) : undefined;
    if (row === undefined) return [];
    const { lost, unheld } = healed.has(member.node) ? NOTHING_SHOWN : row;
    const now = rowOf(member, own.get(member.node) ?? [], { ...row, lost, unheld });
    return [[member.node, now] as const];
  });
  return new Map([...matrix.rows, ...asked]);
}

/** Observers that answered again with no wrong cell left. */
function healedOf(seenAgain: readonly FindingAgain[]): ReadonlySet<string> {
  const asked = new Set(seenAgain.flatMap(({ seen }) => seen.map(({ observer }) => observer)));
  const wrong = new Set(seenAgain.flatMap(({ sure }) => sure.map(({ observer }) => observer)));
  return asked.difference(wrong);
}

interface FindingAgain {
  /** The cells that the second look could check. */
  readonly seen: readonly Cell[];
  /** The cells of the finding that still count. */
  readonly cells: readonly Cell[];
  /** The ones among them that the second look saw wrong. */
  readonly sure: readonly Cell[];
}

/** What the second look is compared with. */
interface Comparison {
  readonly answers: ReadonlyMap<string, SecondAnswer>;
  readonly vteps: readonly Vtep[];
  readonly profile: Profile;
  readonly subjects: ReadonlySet<string>;
}

function lookAgain(finding: Finding, again: Comparison): FindingAgain {
  const seen = finding.cells.filter(
    (cell) => again.subjects.has(cell.subject) && couldLook(cell, again.answers),
  );
  if (seen.length === 0) return { seen, cells: finding.cells, sure: [] };
  const sure = seen.map((cell) => stillWrong(cell, again)).filter((cell) => cell !== undefined);
  // A second look asks for only some of thousands of cells. The others count as long as most of
  // the asked ones are still wrong.
  const asked = new Set(seen);
  const unasked = finding.cells.filter((cell) => !asked.has(cell));
  const assumed = sure.length * 2 > seen.length ? unasked : [];
  return { seen, cells: [...sure, ...assumed], sure };
}

/** Whether the observer showed a table again in which the cell was wrong: unknown is not ok. */
function couldLook(cell: Cell, answers: ReadonlyMap<string, SecondAnswer>): boolean {
  const shown = shownBy(answers.get(cell.observer)?.tables ?? {});
  return TABLES.some((table) => isWrong(cell.state[table]) && shown.has(table));
}

/** The cell as the second look found it, if it is still wrong in the same table. */
function stillWrong(cell: Cell, { answers, vteps, profile }: Comparison): Cell | undefined {
  const answer = answers.get(cell.observer);
  if (answer === undefined) return undefined;
  const holdings = holdingsOf(cell.observer, answer.tables, profile);
  const cells = vteps
    .filter(({ node }) => node === cell.subject)
    .map((vtep) => cellOfTables(holdings[vtep.family], wantedFor(vtep, profile)))
    .filter((now) => now !== undefined);
  const now = cells.reduce<Cell | undefined>(
    (merged, one) => (merged === undefined ? one : mergeCells(merged, one)),
    undefined,
  );
  const same = TABLES.some(
    (table) => isWrong(cell.state[table]) && now !== undefined && isWrong(now.state[table]),
  );
  if (!same || now === undefined) return undefined;
  return directAgain(cell, now, (family) => {
    const vtep = vteps.find((one) => one.node === cell.subject && one.family === family);
    const direct = vtep && wantedFor(vtep, profile).direct;
    return { wanted: direct, ...findDirectly(holdings[family], direct) };
  });
}
