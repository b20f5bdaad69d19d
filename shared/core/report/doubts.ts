/** What else the evidence of a finding fits, and the one command that tells these causes apart. */
import { type Table, TABLES } from '../../contract/causes.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import { type Finding, isSampled } from '../diagnose/finding.ts';
import type { Judgement } from '../judge.ts';
import type { Cell } from '../matrix/cells.ts';
import type { Family } from '../overlay/addresses.ts';
import { tablesOf } from '../overlay/entries.ts';
import { enumerate } from '../plain-text.ts';

/** How many other causes a report names. */
const NAMED = 4;

/**
 * A state of a node is seen beside the finding, with evidence of its own, and is no doubt; nor is what nodes lose
 * by one. Causes that were joined have a line each.
 */
export function doubtLines(finding: Finding, judgement: Judgement): readonly string[] {
  const { losesAs = [] } = CAUSE_RULES[finding.cause];
  const joined = new Set((finding.parts ?? []).map(({ cause }) => cause));
  const doubts = finding.otherCauses.filter(
    (other) => !isKind(other, 'node') && !losesAs.includes(other) && !joined.has(other),
  );
  if (doubts.length === 0) return [];
  const causes = enumerate(doubts, NAMED);
  const unread = finding.cells.flatMap((cell) => commandFor(cell, judgement) ?? []);
  const [first] = unread;
  if (first !== undefined) {
    const { observer, command, question } = first;
    return [
      `It may also be ${causes}. To tell them apart, on ${observer}: ${command} (${question})`,
    ];
  }
  const isMixed = finding.cells.some((cell) => !isLike(cell, finding.cells[0]));
  return isMixed || isSampled(judgement.matrix, finding.name)
    ? [`Some of these entries are missing or wrong as in ${causes}.`]
    : [];
}

/** What an observer did not show of a cell, and what shows it. */
interface Telling {
  readonly observer: string;
  readonly command: string;
  readonly question: string;
}

function commandFor(cell: Cell, { vteps, profile }: Judgement): Telling | undefined {
  const { observer, subject, state, way, entries } = cell;
  const wanted = entries[0]?.wanted;
  if (wanted === undefined) return undefined;
  const own = vteps.find((vtep) => vtep.node === subject && vtep.family === wanted.family);
  if (way === 'either') {
    return own?.underlayIp === undefined
      ? undefined
      : {
          observer,
          command: `ip route get ${own.underlayIp}`,
          question: `without via, ${observer} needs a direct route`,
        };
  }
  const table = TABLES.filter((one) => tablesOf(profile).includes(one)).find(
    (one) => state[one] === 'unknown',
  );
  const { device = profile.devices[wanted.family] } = wanted;
  const key = table === undefined ? undefined : keyIn(table, own);
  return table === undefined || key === undefined
    ? undefined
    : { observer, command: listing(table, device, wanted.family), question: `is ${key} there?` };
}

function keyIn(table: Table, own: Judgement['vteps'][number] | undefined): string | undefined {
  switch (table) {
    case 'neighbour':
      return own?.tunnelIp;
    case 'fdb':
      return own?.mac;
    case 'route':
      return own?.podCidr ?? own?.tunnelIp;
  }
}

function listing(table: Table, device: string, family: Family): string {
  switch (table) {
    case 'neighbour':
      return `ip neigh show dev ${device}`;
    case 'fdb':
      return `bridge fdb show dev ${device}`;
    case 'route':
      return `ip ${family === 'ipv6' ? '-6 ' : ''}route show dev ${device}`;
  }
}

function isLike(one: Cell, other: Cell | undefined): boolean {
  return TABLES.every((table) => one.state[table] === other?.state[table]);
}
