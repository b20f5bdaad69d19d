import { isDeepStrictEqual } from 'node:util';
import { SECRET_VARIABLES, secretNameOf } from '../../shared/contract/settings.ts';
import { isOwnDocument, isTaggedHost } from './hosts.ts';
import {
  listOf,
  type Properties,
  recordOf,
  STATEMENT_KEYS,
  referenceIn,
  type Resource,
  type Template,
  textIn,
} from './template.ts';

/** What the role of a service may do. IAM ignores the case of actions; the guard takes this one alone. */
const ACTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'lambda.amazonaws.com',
    new Set([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'kms:Decrypt',
      'kms:GenerateDataKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sns:GetTopicAttributes',
      'sns:Publish',
      'ssm:DescribeInstanceInformation',
      'ssm:GetCommandInvocation',
      'ssm:GetParameter',
      'ssm:ListCommandInvocations',
      'ssm:ListCommands',
      'ssm:SendCommand',
    ]),
  ],
  ['scheduler.amazonaws.com', new Set(['lambda:InvokeFunction'])],
]);

/** Lambda makes the network interfaces of a function in a VPC with the function's role. */
const VPC_ACTIONS: ReadonlySet<string> = new Set([
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
]);

/** What the function may do beside this where its settings name a secret of Secrets Manager. */
const SECRET_ACTIONS: ReadonlySet<string> = new Set(['secretsmanager:GetSecretValue']);

/** What DynamoDB does in the function's name where the settings name a key for its table. */
const TABLE_KEY_ACTIONS: ReadonlySet<string> = new Set([
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
]);

/** Why a role, or a policy of one, allows more than this stack needs. `tags` are the cluster's. */
export function refusedPolicy(
  { type, properties }: Resource,
  template: Template,
  tags: Properties,
): readonly string[] {
  const judge = { template, tags };
  if (type === 'AWS::IAM::Role') {
    const inline = listOf(properties['Policies']).map(
      (policy) => recordOf(policy)['PolicyDocument'],
    );
    return [
      ...refusedTrust(properties),
      ...(listOf(properties['ManagedPolicyArns']).length === 0
        ? []
        : ['nobody can see here what a managed policy allows']),
      ...inline.flatMap((document) => refusedDocument(document, serviceOf(properties), judge)),
    ];
  }
  if (properties['Users'] !== undefined || properties['Groups'] !== undefined) {
    return ['a policy of this stack is of its roles alone'];
  }
  return listOf(properties['Roles']).flatMap((role) => {
    const owner = template.resources.get(referenceIn(role) ?? '');
    return owner?.type === 'AWS::IAM::Role'
      ? refusedDocument(properties['PolicyDocument'], serviceOf(owner.properties), judge)
      : [`the role ${JSON.stringify(role)} is not of this stack`];
  });
}

/** A role is assumed by one of the two services, and by nobody else. */
function refusedTrust({ AssumeRolePolicyDocument }: Properties): readonly string[] {
  const statements = listOf(recordOf(AssumeRolePolicyDocument)['Statement']).map(recordOf);
  return statements.length === 1 && statements.every(isTrusted)
    ? []
    : ['its trust policy lets somebody else assume it than the one service that needs it'];
}

function isTrusted({ Effect, Action, Principal, NotPrincipal, NotAction }: Properties): boolean {
  return (
    Effect === 'Allow' &&
    Action === 'sts:AssumeRole' &&
    NotPrincipal === undefined &&
    NotAction === undefined &&
    [...ACTIONS.keys()].some((Service) => isDeepStrictEqual(Principal, { Service }))
  );
}

function serviceOf({ AssumeRolePolicyDocument }: Properties): string {
  const [first] = listOf(recordOf(AssumeRolePolicyDocument)['Statement']).map(recordOf);
  return String(recordOf(first?.['Principal'])['Service']);
}

interface Judge {
  readonly template: Template;
  readonly tags: Properties;
}

function refusedDocument(document: unknown, service: string, judge: Judge): readonly string[] {
  const { Statement, Version, ...others } = recordOf(document);
  const statements = listOf(Statement);
  if (Version !== '2012-10-17' || statements.length === 0 || Object.keys(others).length > 0) {
    return [`${JSON.stringify(document)} is no policy that can be read here`];
  }
  return statements.flatMap((statement) => refusedStatement(recordOf(statement), service, judge));
}

function refusedStatement(statement: Properties, service: string, judge: Judge): readonly string[] {
  if (statement['Effect'] === 'Deny') return [];
  const other = Object.keys(statement).filter((key) => !STATEMENT_KEYS.has(key));
  if (other.length > 0) return [`${other.join(', ')} allows what it does not name`];
  if (statement['Effect'] !== 'Allow') return ['a statement whose effect cannot be read here'];
  const actions = listOf(statement['Action']);
  if (actions.length === 0) return ['a statement whose actions cannot be read here'];
  return actions.flatMap((action) => refusedAction(action, statement, { ...judge, service }));
}

function refusedAction(
  action: unknown,
  { Resource: resource, Condition: condition }: Properties,
  { service, template, tags }: Judge & { readonly service: string },
): readonly string[] {
  const refused = (one: unknown): string =>
    `${String(action)} is allowed on ${JSON.stringify(one)}`;
  if (typeof action !== 'string') return [`${JSON.stringify(action)} cannot be read here`];
  const isListed =
    ACTIONS.get(service)?.has(action) === true ||
    (service === 'lambda.amazonaws.com' &&
      ((VPC_ACTIONS.has(action) && entersVpc(template)) ||
        (TABLE_KEY_ACTIONS.has(action) && tableKeysIn(template).length > 0) ||
        (SECRET_ACTIONS.has(action) && namesSecrets(template))));
  if (!isListed) {
    return [`${listOf(resource).map(refused).join(', ')}, and is not on the list of ${service}`];
  }
  const resources = listOf(resource);
  if (resources.length === 0) return [`${action} is allowed on what cannot be read here`];
  if (TABLE_KEY_ACTIONS.has(action)) {
    return resources.filter((one) => !tableKeysIn(template).includes(one)).map(refused);
  }
  switch (action) {
    case 'ssm:SendCommand':
      return resources
        .filter((one) => !isOwnDocument(one, template) && !isTaggedHost(one, { condition, tags }))
        .map(refused);
    case 'secretsmanager:GetSecretValue':
      return resources.filter((one) => !isNamedSecret(one, template)).map(refused);
    case 'lambda:InvokeFunction':
      return resources
        .filter((one) => typeOf(referenceIn(one), template) !== 'AWS::Lambda::Function')
        .map(refused);
    default:
      return [];
  }
}

function typeOf(id: string | undefined, { resources }: Template): string | undefined {
  return id === undefined ? undefined : resources.get(id)?.type;
}

function entersVpc({ resources }: Template): boolean {
  return [...resources.values()].some(({ properties }) => properties['VpcConfig'] !== undefined);
}

/** The keys of the organisation that encrypt the stack's tables, by their ARNs. */
function tableKeysIn({ resources }: Template): readonly unknown[] {
  return [...resources.values()]
    .filter(({ type }) => type === 'AWS::DynamoDB::GlobalTable')
    .flatMap(({ properties }) => listOf(properties['Replicas']))
    .map((replica) => recordOf(recordOf(replica)['SSESpecification'])['KMSMasterKeyId'])
    .filter((key) => typeof key === 'string');
}

/** The secrets that the function's settings name. Another variable that has a name like theirs names none. */
function secretsIn({ resources }: Template): readonly string[] {
  return [...resources.values()]
    .filter(({ type }) => type === 'AWS::Lambda::Function')
    .map(({ properties }) => recordOf(recordOf(properties['Environment'])['Variables']))
    .flatMap((variables) => SECRET_VARIABLES.map((name) => variables[name]))
    .map((value) => (typeof value === 'string' ? secretNameOf(value) : undefined))
    .filter((name) => name !== undefined);
}

function namesSecrets(template: Template): boolean {
  return secretsIn(template).length > 0;
}

/** Secrets Manager ends each ARN with six characters of its own. */
function isNamedSecret(resource: unknown, template: Template): boolean {
  const [, name] =
    /^arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:(.+)-\?{6}$/.exec(textIn(resource) ?? '') ?? [];
  return name !== undefined && secretsIn(template).includes(name);
}
