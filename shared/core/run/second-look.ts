import { TRIED_PEERS, WANTED_PATTERN } from '../../contract/probe.ts';
import type { Limits } from '../../contract/settings.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { accusedIn, type Finding } from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import type { Facts } from '../facts.ts';

import type { Incident } from '../incident/incident.ts';
import { isDue, plansOf } from '../incident/plan.ts';
import type { Judgement } from '../judge.ts';
import { keysOf } from '../overlay/entries.ts';

/** Which hosts to ask again before a page, and for which entries. */
export interface SecondLook {
  /** Managed-node ids; at most as many as one command takes. */
  readonly instanceIds: readonly string[];
  /** Nodes whose entries are asked for: only some of a very large finding. */
  readonly subjects: ReadonlySet<string>;
  /** The keys of their entries, comma-separated, as the document takes them. */
  readonly wanted: string;
  /** Which ways are tried again; undefined where no finding is of packets. */
  readonly packets?: PacketLook | undefined;
  /** How much later the hosts must answer, by their own uptime. */
  readonly apartSeconds: number;
}

/** The hosts that send packets again, each to all of these tunnel IPs. */
export interface PacketLook {
  readonly instanceIds: readonly string[];
  /** Comma-separated, as the document takes them. */
  readonly wanted: string;
}

/** Hosts that one command can name (SendCommand, InstanceIds). */
const HOSTS = 50;

/** Subjects that one command can ask for: each takes some 50 characters. */
const SUBJECTS = 24;

/** The findings for which a page would go out now. */
export function dueForSecondLook(
  { now, limits }: Facts,
  { findings, matrix }: Judgement,
  open: readonly Incident[],
): readonly Finding[] {
  const planning = { now, limits, matrix };
  return plansOf(open, findings, planning)
    .filter((plan) => isDue(plan, planning))
    .map(({ finding }) => finding);
}

/**
 * The observers and subjects of the findings, the subjects first: if a subject's own device has
 * changed between the looks, its observers' entries mean something else. The findings take turns, so
 * that a large one leaves room for the others.
 */
export function secondLookOf(
  findings: readonly Finding[],
  judgement: Judgement,
  { secondLookSeconds }: Pick<Limits, 'secondLookSeconds'>,
): SecondLook {
  const ids = new Map(
    judgement.members.map(({ node, observed }) => [node, observed?.host.instanceId]),
  );
  const accused = findings.flatMap(accusedIn);
  const observers = inTurn(findings.map((finding) => finding.observers));
  const instanceIds = [...new Set([...accused.slice(0, HOSTS / 2), ...observers])]
    .map((node) => ids.get(node))
    .filter((id) => id !== undefined)
    .slice(0, HOSTS);
  const tokens = tokensOf(judgement);
  const subjects = new Set<string>();
  let wanted = '';
  for (const subject of inTurn(findings.map(subjectsOf)).slice(0, SUBJECTS)) {
    const longer = [wanted, ...(tokens.get(subject) ?? [])].filter((part) => part !== '').join(',');
    if (!isAskable(longer)) break;
    wanted = longer;
    subjects.add(subject);
  }
  const packets = packetLookOf(findings, judgement, ids);
  return { instanceIds, subjects, wanted, packets, apartSeconds: secondLookSeconds };
}

/** The ways that were lost, as many as one command takes: the nodes that are accused take turns. */
function packetLookOf(
  findings: readonly Finding[],
  { matrix }: Judgement,
  ids: ReadonlyMap<string, string | undefined>,
): PacketLook | undefined {
  const accused = findings
    .filter(({ cause }) => CAUSE_RULES[cause].isOfPackets === true)
    .flatMap(accusedIn);
  const lost = (matrix.settled.tried ?? []).filter(({ path }) => path !== 'whole');
  const pairs = accused.map((node) =>
    lost.filter(({ observer, subject }) => observer === node || subject === node),
  );
  const tried = inTurn(pairs.map((some) => some.map(({ ip }) => ip))).slice(0, TRIED_PEERS);
  const again = lost.filter(({ ip }) => tried.includes(ip));
  const instanceIds = inTurn([again.map(({ observer }) => ids.get(observer) ?? '')]).filter(
    (id) => id !== '',
  );
  return instanceIds.length === 0 ? undefined : { instanceIds, wanted: tried.join(',') };
}

function subjectsOf({ cells }: Finding): readonly string[] {
  return [...new Set(cells.map(({ subject }) => subject))];
}

/** By node, without what the document's pattern refuses, such as a masked MAC. */
function tokensOf({ vteps }: Judgement): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...groupBy(vteps, ({ node }) => node)].map(([node, own]) => [
      node,
      own
        .flatMap((vtep) => Object.values(keysOf(vtep)))
        .filter((token) => token !== undefined)
        .filter(isAskable),
    ]),
  );
}

function isAskable(wanted: string): boolean {
  return new RegExp(WANTED_PATTERN).test(wanted);
}

/** The first of each list, then the second of each, each name once. */
function inTurn(lists: readonly (readonly string[])[]): readonly string[] {
  const names = new Set<string>();
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let at = 0; at < longest && names.size < HOSTS; at++) {
    for (const list of lists) {
      const name = list[at];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names];
}
