import { TABLES } from '../../contract/causes.ts';
import type { Checked } from '../../contract/report.ts';
import type { Facts } from '../facts.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Matrix, Row } from '../matrix/matrix.ts';
import type { Member } from '../members/member.ts';
import { isWindowsPeer } from '../members/windows.ts';
import { isKnown, tablesOf } from '../overlay/entries.ts';
import type { Observation, Surroundings } from '../overlay/vtep.ts';
import { shorten } from '../plain-text.ts';
import { SILENCES } from '../silence.ts';
import { type Contradiction, contradictionsIn } from './contradictions.ts';

/** How many nodes are named that were not checked. */
const NAMED = 20;

/** The most nodes of a cluster whose matrix is drawn. */
export const MATRIX = 24;

/** What a run could check: a pair of nodes is checked or unknown. */
interface Coverage {
  readonly checked: Checked;
  /** Whether that is enough to call a cluster healthy in which no fault was seen. */
  readonly isEnough: boolean;
  readonly contradictions: readonly Contradiction[];
}

/**
 * Counts the pairs of which every wanted entry is known to be right or wrong. A cluster can be called
 * healthy where these are a quorum of all pairs, and of every node at least one other showed what it
 * holds: a node that all others may have lost is not healthy because it holds all of them. Nodes that are
 * still being programmed do not count, but are named. A pair of which what was read contradicts itself is unknown.
 */
export function checkedBy(facts: Facts, judgement: Judgement): Coverage {
  const { members, matrix } = judgement;
  const contradictions = contradictionsIn(facts, judgement);
  const briefs = new Map(
    contradictions.toReversed().flatMap(({ nodes, brief }) => nodes.map((node) => [node, brief])),
  );
  const all = pairsBy(facts, judgement, new Set());
  const { subjects, unknown, nodes, unheld, pairs, isEnough } =
    briefs.size === 0 ? all : pairsBy(facts, judgement, new Set(briefs.keys()));
  const reasonOf = reasonsBy(facts, matrix, unheld);
  const open = members.filter(({ node }) => !nodes.has(node));
  // That nobody showed what it holds of a node that answered mostly follows from those that did not.
  const isUnheld = ({ node, observed }: Member): boolean =>
    observed !== undefined && unheld.has(node);
  const left = [...open.filter((one) => !isUnheld(one)), ...open.filter(isUnheld)];
  const names = new Set(members.map(({ node }) => node));
  const outside = [...briefs.keys()].filter((node) => !names.has(node));
  const unchecked = [
    ...outside.map((node) => ({ node, reason: briefs.get(node) ?? '' })),
    ...left.map((member) => ({
      node: member.node,
      reason: briefs.get(member.node) ?? reasonOf(member),
    })),
  ];
  const excluded = judgement.excluded.filter((node) => !briefs.has(node));
  const isWhole = isEnough && contradictions.length === 0;
  return {
    checked: {
      nodes: nodes.size,
      of: members.length,
      pairs,
      unchecked: unchecked.slice(0, NAMED),
      // Where no node is part of an overlay, the reason says it of all.
      ...(members.length === 0 || excluded.length === 0
        ? {}
        : { excluded: { count: excluded.length, nodes: excluded.slice(0, NAMED) } }),
      unknown: members.length > MATRIX ? [] : unknownIn(judgement, { subjects, unknown }),
      enough: all.isEnough,
      ...(isWhole
        ? {}
        : {
            reason: reasonAgainst(facts, judgement, {
              pairs: all.pairs,
              contradictions,
              isRead: all.isEnough,
            }),
          }),
    },
    isEnough: isWhole,
    contradictions,
  };
}

/** The pairs that could be checked, without those of some nodes. */
interface Pairs {
  readonly rows: readonly Row[];
  readonly subjects: ReadonlySet<string>;
  /** By observer: the known subjects of which it showed too little. */
  readonly unknown: ReadonlyMap<string, ReadonlySet<string>>;
  /** Nodes that showed what they hold of others, and of which another showed what it holds. */
  readonly nodes: ReadonlySet<string>;
  /** Settled nodes of which no other node showed what it holds: each may be cut off. */
  readonly unheld: ReadonlySet<string>;
  readonly pairs: Checked['pairs'];
  readonly isEnough: boolean;
}

function pairsBy(facts: Facts, judgement: Judgement, without: ReadonlySet<string>): Pairs {
  const settled = judgement.members.filter(({ grace }) => grace === undefined);
  const rows = wholeRows(judgement).filter(({ observer }) => !without.has(observer));
  const subjects = knownSubjects(judgement).difference(without);
  const unknown = new Map(rows.map((row) => [row.observer, unknownTo(row, subjects)]));
  const pairsOf = ({ observer }: Row): number =>
    subjects.size - Number(subjects.has(observer)) - (unknown.get(observer)?.size ?? 0);
  const observers = new Set(rows.filter((row) => pairsOf(row) > 0).map(({ observer }) => observer));
  const isSubject = (node: string): boolean =>
    subjects.has(node) &&
    rows.some(({ observer }) => observer !== node && unknown.get(observer)?.has(node) !== true);
  // What a Windows node holds of the others cannot be read: these pairs do not count.
  const readable = settled.filter((member) => !isWindowsPeer(member)).length;
  const pairs = {
    checked: rows.reduce((sum, row) => sum + pairsOf(row), 0),
    all: readable * (settled.length - 1),
  };
  const names = settled.map(({ node }) => node);
  const unheld = new Set(names.filter((node) => !isSubject(node)));
  const isEnough =
    pairs.checked > 0 && pairs.checked >= facts.limits.quorum * pairs.all && unheld.size === 0;
  return { rows, subjects, unknown, nodes: observers.difference(unheld), unheld, pairs, isEnough };
}

/** What a matrix draws as unknown in the rows of hosts that answered. */
function unknownIn(
  { matrix }: Judgement,
  { subjects, unknown }: Pick<Pairs, 'subjects' | 'unknown'>,
): Checked['unknown'] {
  return [...matrix.rows.keys()].map((observer) => {
    const open = unknown.get(observer);
    const isUnknown = (node: string): boolean =>
      node !== observer && (open === undefined || open.has(node) || !subjects.has(node));
    return { observer, subjects: matrix.nodes.filter(isUnknown) };
  });
}

/** The rows of hosts that showed every table in which the rule wants an entry. */
function wholeRows({ matrix, profile }: Judgement): readonly Row[] {
  const wanted = tablesOf(profile);
  return [...matrix.rows.values()].filter(({ shown }) => wanted.every((table) => shown.has(table)));
}

/** The nodes of which all is known that peers must hold. */
function knownSubjects({ matrix, vteps, profile }: Judgement): ReadonlySet<string> {
  const known = [...groupBy(vteps, ({ node }) => node)].filter(
    ([node, own]) => matrix.subjects.has(node) && own.every((vtep) => isKnown(vtep, profile)),
  );
  return new Set(known.map(([node]) => node));
}

function unknownTo({ observer, unknown }: Row, subjects: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...unknown].filter((node) => node !== observer && subjects.has(node)));
}

/** Why a node was not checked. */
function reasonsBy(
  facts: Facts,
  { rows }: Matrix,
  unheld: ReadonlySet<string>,
): (member: Member) => string {
  const silent = new Map(
    facts.observations.flatMap((one) =>
      one.kind === 'unknown' && one.node !== undefined ? [[one.node, briefOf(one)] as const] : [],
    ),
  );
  const isOffList = (listed: Member['listed']): boolean =>
    facts.nodes.kind === 'read' && listed === undefined;
  return (member) => {
    const { node, grace, observed, remembered, listed } = member;
    if (grace !== undefined) return isOffList(listed) ? grace : `joining: ${grace}`;
    if (isWindowsPeer(member)) return 'runs Windows';
    if (observed === undefined) return silent.get(node) ?? unreached(facts, remembered);
    const shown = rows.get(node)?.shown ?? new Set();
    const missing = TABLES.filter((table) => !shown.has(table));
    if (missing.length > 0) return `${missing.join(', ')} unknown`;
    return unheld.has(node)
      ? 'no other node showed what it holds of it'
      : 'no VTEP of another node is known';
  };
}

/** The most that a reason takes in the first line; the problems have it all. */
const BRIEF = 60;

function briefOf({ silence, reason }: Extract<Observation, { kind: 'unknown' }>): string {
  return silence === undefined ? shorten(reason, BRIEF) : SILENCES[silence].brief;
}

/** Of a node that is listed, and whose host is not known from any run. */
export const NO_ANSWER_YET = 'no answer yet from its host';

function unreached({ gone }: Facts, remembered: Member['remembered']): string {
  const id = remembered?.instanceId;
  if (id === undefined) return NO_ANSWER_YET;
  return gone?.has(id) === true ? SILENCES.gone.brief : 'no command reached it';
}

/** The name of a backend of flannel's; any other text of an annotation is left out. */
const BACKEND = /^[a-z][a-z-]{1,15}$/;

/** What stands against calling the cluster healthy. */
interface ReasonGrounds {
  readonly pairs: Checked['pairs'];
  readonly contradictions: readonly Contradiction[];
  /** Enough was read, and only the contradictions stand against it. */
  readonly isRead: boolean;
}

function surroundingsOf(one: Observation): Surroundings | undefined {
  switch (one.kind) {
    case 'digest':
      return one.surroundings;
    case 'tables':
      return one.tables;
    case 'unknown':
      return undefined;
  }
}

function reasonAgainst(
  { nodes, observations }: Facts,
  { members, vteps }: Judgement,
  { pairs, contradictions, isRead }: ReasonGrounds,
): string {
  const [first, ...more] = contradictions;
  if (isRead && first !== undefined) {
    return more.length === 0 ? first.message : `${first.message} (and ${more.length} more)`;
  }
  const read = members.filter(({ observed }) => observed?.tables.devices !== undefined);
  const listed = nodes.kind === 'read' ? nodes.after : [];
  const backends = new Set(listed.flatMap(({ backend = '' }) => BACKEND.exec(backend) ?? []));
  backends.delete('vxlan');
  const others = new Set(observations.flatMap((one) => surroundingsOf(one)?.otherOverlays ?? []));
  if (vteps.length === 0 && (read.length > 0 || listed.length > 0)) {
    const annotated =
      backends.size === 0 ? '' : `; node annotations say ${[...backends].join(', ')}`;
    const found = others.size === 0 ? '' : `; they have ${[...others].join(', ')}`;
    return `no VXLAN overlay was found on these hosts${found}${annotated}`;
  }
  if (members.length < 2) return 'there are no two nodes to check';
  return `${pairs.checked} of ${pairs.all} pairs of nodes could be checked`;
}
