import { existsSync } from 'node:fs';
import path from 'node:path';
import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import { AttributeType, Billing, CfnGlobalTable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { Code, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { TABLE_KEYS } from '../shared/contract/incident-table.ts';
import { createAlarms } from './alarms.ts';
import { createChecker } from './checker.ts';
import { type Cluster, type ClusterSettings, readCluster, SettingsError } from './cluster.ts';
import { createProbeDocument } from './probe-document.ts';
import { createSchedule } from './schedule.ts';
import { createTopics } from './topics.ts';

/** The settings of a cluster, each described in `cluster.ts`, and the function. */
export interface VtepWatchProps extends ClusterSettings {
  /**
   * The function: a folder as `bundleFunction` writes it, or code that stands elsewhere. Default: the one
   * in this package.
   */
  readonly asset?: string | Code;
}

/**
 * Monitors one cluster: function, role, log, schedule, document, table, topics and alarms. Two
 * clusters share none of these.
 */
export class VtepWatch extends Construct {
  /** The settings, with every default in its place. */
  readonly cluster: Cluster;
  readonly checker: LambdaFunction;
  readonly documentName: string;
  readonly table: TableV2;
  /** Pages go to this topic: subscribe the people on call. */
  readonly pages: ITopic;
  /** Alarms about vtepwatch itself go to this topic. */
  readonly alarms: ITopic;

  /** Throws an error that names every key that is wrong. */
  constructor(scope: Construct, id: string, { asset, ...settings }: VtepWatchProps) {
    super(scope, id);
    const reading = readCluster(settings, id);
    if (reading.kind === 'wrong') throw new SettingsError(reading.troubles);
    const cluster = reading.value;
    if (cluster.operators) {
      throw new SettingsError([`${id}: operators needs a stack of its own: use ClusterStack`]);
    }
    const document = createProbeDocument(this, 'Probe', cluster);
    const table = createIncidentTable(this, cluster);
    const topics = createTopics(this, cluster);
    const checker = createChecker(this, cluster, {
      document,
      table,
      topics,
      code: codeOf(asset ?? (cluster.sourceMaps ? BUILT_WITH_MAPS : BUILT)),
    });
    const ticks = createSchedule(this, cluster, checker);
    createAlarms(this, cluster, { checker, ticks, topics });
    if (cluster.permissionsBoundaryArn !== undefined) {
      PermissionsBoundary.of(this).apply(
        ManagedPolicy.fromManagedPolicyArn(this, 'Boundary', cluster.permissionsBoundaryArn),
      );
    }
    for (const [key, value] of Object.entries(cluster.resourceTags)) Tags.of(this).add(key, value);
    this.cluster = cluster;
    this.checker = checker;
    this.documentName = document.ref;
    this.table = table;
    this.pages = topics.pages;
    this.alarms = topics.alarms;
  }
}

/** Where the build of this package, and the app of the checkout, write the function. */
const DIST = path.join(import.meta.dirname, '..', 'dist');
const BUILT = path.join(DIST, 'asset');
const BUILT_WITH_MAPS = path.join(DIST, 'asset-with-maps');

function codeOf(asset: string | Code): Code {
  if (typeof asset !== 'string') return asset;
  if (!existsSync(asset)) throw new Error(`the function is not built: there is no ${asset}`);
  return Code.fromAsset(asset);
}

/**
 * Holds incidents, pending pages and the roster. It outlives the stack, because it records who was
 * paged for what.
 */
function createIncidentTable(scope: Construct, { tableKeyArn }: Cluster): TableV2 {
  const table = new TableV2(scope, 'Incidents', {
    partitionKey: { name: TABLE_KEYS.partition, type: AttributeType.STRING },
    sortKey: { name: TABLE_KEYS.sort, type: AttributeType.STRING },
    timeToLiveAttribute: TABLE_KEYS.ttl,
    billing: Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  if (tableKeyArn !== undefined) encrypt(table, tableKeyArn);
  return table;
}

/** The library's own `encryption` takes no key where the stack's Region is not known. */
function encrypt(table: TableV2, keyArn: string): void {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnGlobalTable)) return;
  resource.addPropertyOverride('SSESpecification', { SSEEnabled: true, SSEType: 'KMS' });
  resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: keyArn });
}
