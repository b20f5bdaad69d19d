import type { Figures } from './figures.ts';
import type { Unexpected } from './known-faults.ts';
import type { FailureKind } from './oracle/failure.ts';
import type { Deployment } from './story.ts';

/** What the worker is to do. */
export type Job =
  | {
      readonly kind: 'soak';
      readonly deployment: Deployment;
      readonly seed: string;
      readonly runs: number;
      readonly nodes: number | undefined;
    }
  | { readonly kind: 'delivery' }
  | {
      readonly kind: 'replay';
      readonly deployment: Deployment;
      readonly story: string;
      readonly nodes: number | undefined;
      /** Makes the story as short as it can be while it fails so. */
      readonly minimisedFor: FailureKind | undefined;
    };

/** What the worker reports. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly runs: number; readonly failures: number }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'delivered'; readonly plays: number; readonly failures: number }
  | ({ readonly kind: 'soaked' } & Soaked);

export interface Soaked {
  readonly figures: Figures;
  readonly unexpected: readonly Unexpected[];
}
