import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { createAlarms } from './alarms.ts';
import { createChecker } from './checker.ts';
import { type ClusterSettings, readCluster, SettingsError } from './cluster.ts';
import { createIncidentTable } from './incident-table.ts';
import { createProbeDocument } from './probe-document.ts';
import { createSchedule } from './schedule.ts';
import { createTopics } from './topics.ts';

/** A cluster's settings, each described in `cluster.ts`, and the function. */
export interface VtepWatchProps extends ClusterSettings {
  /** Folder of the function, as `bundleFunction` writes it. */
  readonly asset: string;
}

/**
 * The watch of one cluster: function, role, log, schedule, document, table, topics and alarms.
 * Nothing in it is shared with another cluster's.
 */
export class VtepWatch extends Construct {
  readonly checker: LambdaFunction;
  readonly documentName: string;
  readonly table: TableV2;
  /** Pages go here: subscribe whoever is on call. */
  readonly pages: ITopic;
  /** The alarms of the watch itself go here. */
  readonly alarms: ITopic;

  /** Throws an error that names every key that is wrong. */
  constructor(scope: Construct, id: string, { asset, ...settings }: VtepWatchProps) {
    super(scope, id);
    const reading = readCluster(settings, id);
    if (reading.kind === 'wrong') throw new SettingsError(reading.troubles);
    const cluster = reading.value;
    const document = createProbeDocument(this, cluster);
    const table = createIncidentTable(this);
    const topics = createTopics(this, cluster);
    const checker = createChecker(this, cluster, { document, table, topics, asset });
    const ticks = createSchedule(this, cluster, checker);
    createAlarms(this, cluster, { checker, ticks, topics });
    this.checker = checker;
    this.documentName = document.ref;
    this.table = table;
    this.pages = topics.pages;
    this.alarms = topics.alarms;
  }
}
