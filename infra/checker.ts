import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  CfnFunction,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Cluster, environmentOf, timeoutSeconds } from './cluster.ts';
import { acknowledgeWildcards, permissionsOf, type Surroundings } from './permissions.ts';

/** The function, with its role and its log. */
export function createChecker(
  scope: Construct,
  cluster: Cluster,
  { code, ...around }: Omit<Surroundings, 'logs'> & { readonly code: Code },
): LambdaFunction {
  const logs = new LogGroup(scope, 'Log', {
    retention: cluster.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
    ...(cluster.logKeyArn === undefined
      ? {}
      : { encryptionKey: Key.fromKeyArn(scope, 'LogKey', cluster.logKeyArn) }),
  });
  const role = new Role(scope, 'Role', {
    description: `vtepwatch ${cluster.name}: reads the tables of its hosts`,
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  });
  for (const statement of permissionsOf(scope, cluster, { ...around, logs })) {
    role.addToPolicy(statement);
  }
  acknowledgeWildcards(role);
  const checker = new LambdaFunction(scope, 'Checker', {
    description: `vtepwatch: monitors the overlay network of ${cluster.name}`,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    code,
    handler: 'index.handler',
    memorySize: cluster.memoryMebibytes,
    timeout: Duration.seconds(timeoutSeconds(cluster)),
    role,
    environment: environmentOf(cluster, {
      document: around.document.ref,
      table: around.table.tableName,
      topicArn: around.topics.pages.topicArn,
    }),
    logGroup: logs,
    // The function writes JSON itself. Lambda's JSON format would filter lines by a level, which these
    // lines do not have, and the alarms need the metrics in them to arrive unchanged.
    loggingFormat: LoggingFormat.TEXT,
    // A run that fails or comes late is not repeated: the next tick reads newer tables.
    retryAttempts: 0,
    maxEventAge: Duration.minutes(1),
  });
  enterVpc(checker, cluster.vpc);
  return checker;
}

/** The library's own `vpc` property asks for availability zones, which the function does not need. */
function enterVpc(checker: LambdaFunction, vpc: Cluster['vpc']): void {
  const resource = checker.node.defaultChild;
  if (resource instanceof CfnFunction && vpc !== undefined) resource.vpcConfig = vpc;
}
