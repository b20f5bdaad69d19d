import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Incident } from '../../../shared/core/incident/incident.ts';
import { packDocument } from './items.ts';
import type { State } from './stored.ts';

/** The most that DynamoDB takes in one item, without what the other attributes may need. */
const DOCUMENT_BYTES = 400 * 1024 - 4096;

/** How many elements a shortened list keeps. */
const SHORT = 3;

/**
 * Reductions of a state, each leaving less than the one before. The last keeps what must not be lost:
 * the pending pages and which incidents are open. Lists that only people read are shortened first. A
 * suspected incident may be dropped: a later run finds it again, only later.
 */
const REDUCTIONS: readonly ((state: State) => State)[] = [
  (state) => state,
  (state) => ({ ...state, incidents: state.incidents.map(shortened(SHORT)) }),
  (state) => ({ ...state, incidents: state.incidents.map(shortened(0)) }),
  ({ incidents, outbox }) => ({
    outbox,
    incidents: incidents.filter(({ phase }) => phase === 'open').map(shortened(0)),
  }),
];

/** Packs the whole state, or as much of it as fits into an item. Throws where not even the last does. */
export async function packState(where: string, state: State): Promise<AttributeValue> {
  for (const reduce of REDUCTIONS) {
    const packed = await packDocument(where, reduce(state));
    if ((packed.B?.length ?? 0) <= DOCUMENT_BYTES) return packed;
  }
  const { incidents, outbox } = state;
  throw new Error(
    `writing ${where}: ${incidents.length} incidents and ${outbox.length} pages do not fit into an item of 400 kB`,
  );
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
