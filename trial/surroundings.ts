import type { Place } from './account.ts';
import type { Instances } from './agreed.ts';
import type { Cdk } from './cdk.ts';
import type { Clients } from './clients.ts';
import type { Findings } from './evidence.ts';

/** What the trial works with. */
export interface Surroundings {
  readonly instances: Instances;
  /** Of this trial alone: its stacks have it as a tag. */
  readonly run: string;
  readonly place: Place;
  readonly cdk: Cdk;
  /** A folder for files that the CDK reads. */
  readonly folder: string;
  readonly clients: Clients;
  /** Keeps something for the evidence. */
  readonly note: (findings: Findings) => void;
}

/** The instances of the trial, by their managed-node ids, and where pages arrive. */
export interface Cluster {
  readonly server: string;
  readonly ids: readonly string[];
  readonly queueUrl: string;
  readonly queueArn: string;
}
