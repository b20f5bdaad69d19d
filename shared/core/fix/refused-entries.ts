import type { Problem } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Judgement } from '../judge.ts';
import { vtepName } from '../matrix/direct.ts';
import { commandOf, type WantedEntry } from '../overlay/entries.ts';
import { once, remember } from '../remember.ts';
import type { Part } from './confirmed.ts';
import { oddVteps, type Refusal, refusalProblem, refusalsIn, someOf } from './refused.ts';

/** How many entries of a finding are looked at for what is refused. */
const ENTRIES_ASKED = 60;

export type RefusalOf = (subject: string, wanted: WantedEntry) => Refusal | undefined;

/** The parts that an entry joins. */
const PARTS = {
  neighbour: ['tunnelIp', 'mac'],
  fdb: ['mac', 'underlayIp'],
  route: ['podCidr', 'tunnelIp'],
  direct: ['podCidr', 'underlayIp'],
} as const satisfies Readonly<Record<WantedEntry['table'], readonly Part[]>>;

export function refusalOfEntries(
  judgement: Judgement,
  refusalOf: ReturnType<typeof refusalsIn>,
): RefusalOf {
  const vteps = new Map(judgement.vteps.map((vtep) => [vtepName(vtep), vtep]));
  const ofTable = remember((table: WantedEntry['table']) =>
    remember((name: string): { readonly refusal: Refusal | undefined } => {
      const vtep = vteps.get(name);
      if (vtep === undefined) return { refusal: 'unconfirmed' };
      return { refusal: refusalOf(vtep, PARTS[table]) };
    }),
  );
  return (node, { table, family }) => ofTable(table)(vtepName({ node, family })).refusal;
}

/**
 * What is refused: of these findings, why entries get no command; and whatever else a node claims that
 * none would be made of, since a claim is to be seen before anything breaks.
 */
export function refusedIn(judgement: Judgement, findings: readonly Finding[]): readonly Problem[] {
  const refusalOf = once(() => refusalsIn(judgement));
  const refusalOfEntry = once(() => refusalOfEntries(judgement, refusalOf()));
  const refused = findings
    .filter(({ cause }) => CAUSE_RULES[cause].fix.steps.some(({ kind }) => kind === 'entries'))
    .flatMap((finding) =>
      someEntries(finding).flatMap(({ subject, wanted }) => {
        // Of a masked MAC address there is no command at all, and another problem says so.
        if (commandOf(wanted) === undefined) return [];
        const refusal = refusalOfEntry()(subject, wanted);
        return refusal === undefined ? [] : refusalProblem(subject, refusal);
      }),
    );
  const claims = oddVteps(judgement).flatMap((vtep) => {
    const refusal = refusalOf()(vtep, []);
    return refusal === undefined ? [] : refusalProblem(vtep.node, refusal);
  });
  return someOf([...refused, ...claims]);
}

/** The first entries of a finding. */
function someEntries({ cells }: Finding) {
  return cells
    .slice(0, ENTRIES_ASKED)
    .flatMap(({ subject, entries }) => entries.map(({ wanted }) => ({ subject, wanted })));
}
