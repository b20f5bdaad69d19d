import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SEVERITIES } from '../../../shared/contract/causes.ts';
import type { Incident } from '../../../shared/core/incident/incident.ts';
import { observersOf, subjectsOf } from '../../../shared/core/incident/footprint.ts';
import { packDocument } from './items.ts';
import { NOTHING_STORED, type OutboxEntry, type State, stateDocument } from './stored.ts';
import { withinBytes } from '../within-bytes.ts';

/** The most that DynamoDB takes in one item, without what the other attributes may need. */
const DOCUMENT_BYTES = 400 * 1024 - 4096;

/** How many elements a shortened list keeps. */
const SHORT = 3;

/** A state that is too large for an item, made smaller. */
interface Reduction {
  readonly reduce: (state: State) => State;
  /** What the state loses by it, where a person should know. */
  readonly loss?: (before: State) => string;
}

/**
 * Reductions, each of what the one before has left. Lists that only people read are shortened first. A
 * suspected incident may be dropped: a later run finds it again, only later. Last of all goes what people
 * were woken for, and no page goes ever.
 */
const REDUCTIONS: readonly Reduction[] = [
  { reduce: (state) => ({ ...state, incidents: state.incidents.map(shortened(SHORT)) }) },
  { reduce: (state) => ({ ...state, incidents: state.incidents.map(shortened(0)) }) },
  { reduce: onlyOpen },
  {
    reduce: (state) => ({ ...state, changes: [], incidents: state.incidents.map(coarse) }),
    loss: ({ changes }) =>
      `the cells of large incidents were not kept one by one, and ${changes.length} events not for a later run`,
  },
  {
    reduce: (state) => ({ ...state, outbox: state.outbox.map(cutTo(1000)) }),
    loss: ({ outbox }) => `the texts of ${outbox.length} pending pages were cut`,
  },
  {
    reduce: (state) => ({ ...state, newer: NOTHING_STORED.newer }),
    loss: ({ newer }) =>
      `${newer.incidents.length} incidents and ${newer.outbox.length} pages of a newer version were not kept`,
  },
  ...[2, 4, 8, Infinity].map(onlyPartOf),
  { reduce: (state) => ({ ...state, outbox: state.outbox.map(cutTo(200)) }) },
];

/** One of `part` of the open incidents, the critical ones first. */
function onlyPartOf(part: number): Reduction {
  const countOf = ({ incidents }: State): number => Math.floor(incidents.length / part);
  return {
    reduce: (state) => ({
      ...state,
      incidents: state.incidents.toSorted(moreSevere).slice(0, countOf(state)),
    }),
    loss: (state) =>
      `${countOf(state)} of ${state.incidents.length} open incidents were kept; the next run opens the others again, under the same keys`,
  };
}

/** A packed state, and what was left out of it, as sentences, where a person should know. */
interface PackedState {
  readonly document: AttributeValue;
  readonly losses: readonly string[];
}

/** Packs the whole state, or as much of it as fits into an item. Throws where not even the pages do. */
export async function packState(where: string, whole: State): Promise<PackedState> {
  let state = whole;
  const losses: string[] = [];
  for (const { reduce, loss } of [UNREDUCED, ...REDUCTIONS]) {
    if (loss !== undefined) losses.push(loss(state));
    state = reduce(state);
    const document = await packDocument(where, stateDocument(state));
    if ((document.B?.length ?? 0) <= DOCUMENT_BYTES) return { document, losses };
  }
  throw new Error(
    `writing ${where}: ${whole.outbox.length} pages do not fit into an item of 400 kB`,
  );
}

const UNREDUCED: Reduction = { reduce: (state) => state };

function onlyOpen(state: State): State {
  return { ...state, incidents: state.incidents.filter(({ phase }) => phase === 'open') };
}

/** A page's first lines say what it is about. */
function cutTo(bytes: number): (entry: OutboxEntry) => OutboxEntry {
  return ({ page, ...entry }) => ({
    ...entry,
    page: { ...page, text: withinBytes(page.text, bytes), details: undefined },
  });
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
