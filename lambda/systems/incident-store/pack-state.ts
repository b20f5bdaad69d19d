import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SEVERITIES } from '../../../shared/contract/causes.ts';
import type { Incident } from '../../../shared/core/incident/incident.ts';
import { observersOf, subjectsOf } from '../../../shared/core/incident/footprint.ts';
import { packDocument } from './items.ts';
import { type State, stateDocument } from './stored.ts';

/** The most that DynamoDB takes in one item, without what the other attributes may need. */
const DOCUMENT_BYTES = 400 * 1024 - 4096;

/** How many elements a shortened list keeps. */
const SHORT = 3;

/** A state that is too large for an item, made smaller. */
interface Reduction {
  readonly reduce: (state: State) => State;
  /** What the state has lost by it, where a person should know. */
  readonly loss?: (state: State) => string;
}

/**
 * Reductions, each leaving less than the one before. Lists that only people read are shortened first. A
 * suspected incident may be dropped: a later run finds it again, only later. The pending pages stay whole.
 */
const REDUCTIONS: readonly Reduction[] = [
  { reduce: (state) => state },
  { reduce: (state) => ({ ...state, incidents: state.incidents.map(shortened(SHORT)) }) },
  { reduce: (state) => ({ ...state, incidents: state.incidents.map(shortened(0)) }) },
  { reduce: onlyOpen },
  {
    reduce: (state) => {
      const { incidents, ...rest } = onlyOpen(state);
      return { ...rest, changes: [], incidents: incidents.map(coarse) };
    },
    loss: ({ changes }) =>
      `the cells of large incidents were not kept one by one, and ${changes.length} events were not kept for a later run`,
  },
  ...[2, 4, 8, 16, Infinity].map(onlyPartOf),
];

/** The last resort: one of `part` open incidents, the critical ones first. */
function onlyPartOf(part: number): Reduction {
  const countOf = ({ incidents }: State): number => Math.floor(incidents.length / part);
  return {
    reduce: (state) => {
      const open = onlyOpen(state);
      const incidents = open.incidents.toSorted(moreSevere).slice(0, countOf(open)).map(coarse);
      return { ...open, changes: [], incidents };
    },
    loss: (state) =>
      `${countOf(onlyOpen(state))} of ${onlyOpen(state).incidents.length} open incidents were kept; the next run opens the others again, under the same keys`,
  };
}

/** A packed state, and what was left out of it, as a sentence, where a person should know. */
interface PackedState {
  readonly document: AttributeValue;
  readonly loss: string | undefined;
}

/** Packs the whole state, or as much of it as fits into an item. Throws where the pages alone do not. */
export async function packState(where: string, state: State): Promise<PackedState> {
  for (const { reduce, loss } of REDUCTIONS) {
    const document = await packDocument(where, stateDocument(reduce(state)));
    if ((document.B?.length ?? 0) <= DOCUMENT_BYTES) {
      return { document, loss: loss?.(state) };
    }
  }
  const { incidents, outbox } = state;
  throw new Error(
    `writing ${where}: ${incidents.length} incidents and ${outbox.length} pages do not fit into an item of 400 kB`,
  );
}

function onlyOpen(state: State): State {
  const incidents = state.incidents.filter(({ phase }) => phase === 'open').map(shortened(0));
  return { ...state, incidents };
}

/** One block with all names takes the place of many with a few. */
function coarse(incident: Incident): Incident {
  const { footprint } = incident;
  const block = { observers: observersOf(footprint), subjects: subjectsOf(footprint) };
  return { ...incident, footprint: { ...footprint, blocks: [block] } };
}

function moreSevere(one: Incident, two: Incident): number {
  return severityRank(one) - severityRank(two);
}

function severityRank({ paged, reported }: Incident): number {
  return SEVERITIES.indexOf(paged ?? reported.severity);
}

function shortened(most: number): (incident: Incident) => Incident {
  return (incident) => ({
    ...incident,
    reported: {
      ...incident.reported,
      entries: incident.reported.entries.slice(0, most),
      evidence: incident.reported.evidence.slice(0, most),
      fix: incident.reported.fix.slice(0, most),
    },
  });
}
