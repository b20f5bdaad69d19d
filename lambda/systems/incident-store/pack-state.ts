import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Incident } from '../../../shared/core/incident/incident.ts';
import { packDocument } from './items.ts';
import type { State } from './stored.ts';

/** What DynamoDB takes in one item, less what its keys and other attributes may need. */
const DOCUMENT_BYTES = 400 * 1024 - 4096;

/** What is left of a list that is shortened. */
const SHORT = 3;

/**
 * Ever less of a state, down to what must not be lost: the pages that are owed, and which incidents
 * are open. What goes first is what only a person reads; an incident that is merely suspected comes
 * back by itself, later than it would have.
 */
const WAYS: readonly ((state: State) => State)[] = [
  (state) => state,
  (state) => ({ ...state, incidents: state.incidents.map(shortened(SHORT)) }),
  (state) => ({ ...state, incidents: state.incidents.map(shortened(0)) }),
  ({ incidents, outbox }) => ({
    outbox,
    incidents: incidents.filter(({ phase }) => phase === 'open').map(shortened(0)),
  }),
];

/** The state as it is stored: all of it, or as much as an item takes. Throws where that is too little. */
export async function packState(where: string, state: State): Promise<AttributeValue> {
  for (const way of WAYS) {
    const packed = await packDocument(where, way(state));
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
