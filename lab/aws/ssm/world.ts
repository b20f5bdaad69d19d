import type { Time } from '../time.ts';
import type { Nodes } from './nodes.ts';

/** What all commands of one endpoint share. */
export interface World {
  readonly nodes: Nodes;
  readonly time: Time;
  /** How long a second of TimeoutSeconds and of the document's timeout lasts. */
  readonly secondMilliseconds: number;
  /** The agents' `OrchestrationDirectoryCleanup`. */
  readonly cleanUp: boolean;
  /** The nodes whose scripts asked for a reboot, in order. */
  readonly reboots: string[];
  /** Aborted when the endpoint closes: nothing runs on. */
  readonly closing: AbortSignal;
}
