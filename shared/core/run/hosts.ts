import type { Problem } from '../../contract/report.ts';
import type { Latency } from '../latency.ts';
import type { Observation } from '../overlay/vtep.ts';
import type { SecondLook } from './second-look.ts';
import type { Reading } from './reading.ts';

/**
 * What a run may still ask of the hosts once it has the facts. Deadlines, waits, logs and spans stay
 * behind this port. Its functions never reject: what did not come is unknown, and a problem says why.
 */
export interface Hosts {
  /** The tables of some hosts in full. */
  tables(reading: Reading): Promise<Answers>;
  /** The second look, late enough; `recorded` of a capture, in which the first look counts. */
  again(look: SecondLook): Promise<SecondLookAnswers | 'recorded'>;
  /** How long the masters' API servers took, as far as is known. It waits for 2 s at most. */
  latencies(): Promise<readonly Latency[]>;
}

/** What a question to hosts brought back. */
export interface Answers {
  readonly observations: readonly Observation[];
  readonly problems: readonly Problem[];
}

/** What a second look brought back. */
export interface SecondLookAnswers extends Answers {
  /** Nodes whose part of the node list has changed since the first look. */
  readonly changed?: ReadonlySet<string>;
  /** What hosts say that sent packets again. */
  readonly retried?: readonly Observation[];
  /** Nodes whose part of the node list could not be read again. */
  readonly unread?: ReadonlySet<string>;
}

/** A capture: there is nothing to ask any more. */
export function recorded(latencies: readonly Latency[]): Hosts {
  return {
    tables: async () => ({ observations: [], problems: [] }),
    again: async () => 'recorded',
    latencies: async () => latencies,
  };
}
