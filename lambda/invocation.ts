import type { Problem } from '../shared/contract/report.ts';
import type { OptionalIntegrations } from '../shared/core/report/coverage.ts';
import type { KubernetesAccess } from './ask-kubernetes.ts';
import type { Deadline } from './deadline.ts';
import type { Settings } from './settings.ts';
import type { Subscribers } from './subscribers.ts';
import type { IncidentStore } from './systems/incident-store/incident-store.ts';
import type { PageChannel } from './systems/page-channel.ts';
import type { Inventory } from './systems/ssm/inventory.ts';
import type { RunCommand } from './systems/ssm/run-command.ts';
import type { Telemetry } from './systems/telemetry/telemetry.ts';

/** The outside systems, as a run uses them. */
export interface Systems {
  readonly ssm: RunCommand;
  readonly inventory: Inventory;
  readonly store: IncidentStore;
  readonly channels: readonly PageChannel[];
  readonly subscribers: Subscribers;
  readonly kubernetes: KubernetesAccess;
  readonly telemetry: Omit<Telemetry, 'flush'>;
}

/** One invocation of the function, which is one run. */
export interface Invocation {
  readonly systems: Systems;
  readonly settings: Settings;
  readonly integrations: OptionalIntegrations;
  /** ISO 8601: when the schedule wanted it. */
  readonly scheduledTime: string;
  /** It only looks: no state, page, event or metric comes of it. */
  readonly pagesNobody?: true;
  /** Unique among all runs. */
  readonly id: string;
  /** When it began, epoch milliseconds. */
  readonly now: number;
  /** By when the verdict must stand; what follows has the rest of the invocation. */
  readonly deadline: Deadline;
  /** When the invocation ends, whatever happens. */
  readonly end: Deadline;
  /** What went wrong before the run could begin, and does not keep it from running. */
  readonly problems: readonly Problem[];
}
