import { ArnFormat, Aws, Stack, Token, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { secretNameOf } from '../shared/contract/settings.ts';
import type { Cluster } from './cluster.ts';
import type { Topics } from './topics.ts';

/** The resources that the function works with. */
export interface Surroundings {
  readonly document: CfnDocument;
  readonly table: TableV2;
  readonly topics: Topics;
  readonly logs: LogGroup;
}

/** Everything that the function may do. */
export function permissionsOf(
  scope: Construct,
  cluster: Cluster,
  { document, table, topics, logs }: Surroundings,
): readonly PolicyStatement[] {
  const stack = Stack.of(scope);
  return [
    ...sendCommand(stack, cluster, document),
    readAnswers(),
    new PolicyStatement({
      sid: 'Remember',
      actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      resources: [table.tableArn],
    }),
    ...rememberEncrypted(stack, cluster),
    new PolicyStatement({
      sid: 'Page',
      // A topic takes pages for nobody as well, so the function looks whether anybody has subscribed.
      actions: ['sns:Publish', 'sns:GetTopicAttributes'],
      resources: [topics.pages.topicArn],
    }),
    new PolicyStatement({
      sid: 'PageEncrypted',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [topics.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `sns.${stack.region}.${Aws.URL_SUFFIX}` } },
    }),
    new PolicyStatement({
      sid: 'Log',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logs.logGroupArn],
    }),
    ...readSecrets(stack, cluster),
    ...(cluster.vpc === undefined ? [] : enterVpc(stack)),
  ];
}

/**
 * These actions have neither resources nor condition keys in IAM. CancelCommand has none either: it could
 * end any command in the account, so the function lets its own commands run to their end.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
 */
export function readAnswers(): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadAnswers',
    actions: [
      'ssm:ListCommands',
      'ssm:ListCommandInvocations',
      'ssm:GetCommandInvocation',
      'ssm:DescribeInstanceInformation',
    ],
    resources: ['*'],
  });
}

/**
 * One document can be sent, which changes nothing, and only to hosts with the cluster's tags. These are two statements, because in one the condition would apply to the document too.
 */
export function sendCommand(
  stack: Stack,
  { tags }: Cluster,
  document: CfnDocument,
): readonly PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'SendThisDocument',
      actions: ['ssm:SendCommand'],
      resources: [
        stack.formatArn({ service: 'ssm', resource: 'document', resourceName: document.ref }),
      ],
    }),
    new PolicyStatement({
      sid: 'ToTaggedHosts',
      actions: ['ssm:SendCommand'],
      resources: [
        stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' }),
        stack.formatArn({ service: 'ssm', resource: 'managed-instance', resourceName: '*' }),
      ],
      conditions: {
        StringEquals: Object.fromEntries(
          Object.entries(tags).map(([key, values]) => [`ssm:resourceTag/${key}`, values]),
        ),
      },
    }),
  ];
}

/**
 * What DynamoDB does with a key of the organisation in the name of the function.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
const TABLE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

function rememberEncrypted(stack: Stack, { tableKeyArn }: Cluster): readonly PolicyStatement[] {
  if (tableKeyArn === undefined) return [];
  const via = `dynamodb.${stack.region}.${Aws.URL_SUFFIX}`;
  return [
    new PolicyStatement({
      sid: 'RememberEncrypted',
      actions: TABLE_KEY_ACTIONS,
      resources: [tableKeyArn],
      conditions: { StringEquals: { 'kms:ViaService': via } },
    }),
  ];
}

/** The function reads the secrets that the settings name, and no other. */
function readSecrets(stack: Stack, cluster: Cluster): readonly PolicyStatement[] {
  const names = parametersOf(cluster);
  if (names.length === 0) return [];
  const parameters = names.map((name) =>
    stack.formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: name.replace(/^\//, ''),
    }),
  );
  const secrets = names
    .map(secretNameOf)
    .filter((name) => name !== undefined)
    .map((name) =>
      stack.formatArn({
        service: 'secretsmanager',
        resource: 'secret',
        // Secrets Manager ends each ARN with six characters of its own.
        resourceName: `${name}-??????`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
  return [
    new PolicyStatement({
      sid: 'ReadSecrets',
      actions: ['ssm:GetParameter'],
      resources: parameters,
    }),
    decryptFor(
      stack,
      { service: 'ssm', context: 'PARAMETER_ARN', operator: 'StringEquals' },
      parameters,
    ),
    ...(secrets.length === 0
      ? []
      : [
          new PolicyStatement({
            sid: 'ReadSecretsManager',
            actions: ['secretsmanager:GetSecretValue'],
            resources: secrets,
          }),
          decryptFor(
            stack,
            { service: 'secretsmanager', context: 'SecretARN', operator: 'StringLike' },
            secrets,
          ),
        ]),
  ];
}

interface Decryption {
  /** Through which service. */
  readonly service: 'ssm' | 'secretsmanager';
  /** The part of the encryption context that names the secret. */
  readonly context: 'PARAMETER_ARN' | 'SecretARN';
  readonly operator: 'StringEquals' | 'StringLike';
}

/** Any key that encrypts these secrets, and nothing else that such a key encrypts. */
function decryptFor(
  stack: Stack,
  { service, context, operator }: Decryption,
  arns: readonly string[],
): PolicyStatement {
  const via = `${service}.${stack.region}.${Aws.URL_SUFFIX}`;
  const ofSecrets = { [`kms:EncryptionContext:${context}`]: [...arns] };
  return new PolicyStatement({
    sid: service === 'ssm' ? 'DecryptSecrets' : 'DecryptSecretsManager',
    actions: ['kms:Decrypt'],
    resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    conditions:
      operator === 'StringEquals'
        ? { StringEquals: { 'kms:ViaService': via, ...ofSecrets } }
        : { StringEquals: { 'kms:ViaService': via }, StringLike: ofSecrets },
  });
}

function parametersOf({ kubeconfigParameter, telemetry, paging }: Cluster): readonly string[] {
  const { pagerDuty, webhook } = paging;
  return [
    kubeconfigParameter,
    telemetry?.headersParameter,
    pagerDuty?.parameter,
    webhook?.parameter,
  ].filter((name) => name !== undefined);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html */
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** Lambda makes network interfaces with the function's role; the function's own code may not. */
function enterVpc(stack: Stack): readonly PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'LetLambdaEnterVpc',
      actions: NETWORK_INTERFACES,
      resources: ['*'],
    }),
    new PolicyStatement({
      sid: 'NotTheFunction',
      effect: Effect.DENY,
      actions: NETWORK_INTERFACES,
      resources: ['*'],
      conditions: {
        ArnLike: {
          'lambda:SourceFunctionArn': stack.formatArn({
            service: 'lambda',
            resource: 'function',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    }),
  ];
}

/** Gives cdk-nag the reason for each wildcard in what a role, or the operators' policy, may do. */
export function acknowledgeWildcards(owner: IConstruct, stacks: readonly string[] = []): void {
  const stack = Stack.of(owner);
  // The way cdk-nag writes them: in a stack of a named Region it also knows the partition.
  const partition = Token.isUnresolved(stack.partition) ? '<AWS::Partition>' : stack.partition;
  const region = Token.isUnresolved(stack.region) ? '<AWS::Region>' : stack.region;
  const account = Token.isUnresolved(stack.account) ? '<AWS::AccountId>' : stack.account;
  const arn = (service: string, rest: string): string =>
    `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const reasons = {
    [arn('ec2', 'instance/*')]: HOSTS_REASON,
    [arn('ssm', 'managed-instance/*')]: HOSTS_REASON,
    [arn('kms', 'key/*')]:
      'The owner of a secret chooses its key. A condition limits decryption to these parameters, read through Systems Manager.',
    '*': 'Reading the answers to a command has neither resources nor condition keys in IAM. Nor have the network interfaces that Lambda makes in a VPC; the function itself is denied those.',
    ...Object.fromEntries(
      stacks.map((name) => [
        arn('cloudformation', `stack/${name}/*`),
        'CloudFormation ends the ARN of a stack with an id of its own.',
      ]),
    ),
  };
  Validations.of(owner).acknowledge(
    ...Object.entries(reasons).map(([resource, reason]) => ({
      id: `AwsSolutions-IAM5[Resource::${resource}]`,
      reason,
    })),
  );
}

const HOSTS_REASON =
  'Hosts come and go. A condition on their tags limits which hosts the document may be sent to; guard/policies.ts checks that it is there.';
