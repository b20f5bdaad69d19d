import { OUTPUTS } from '../../shared/contract/deployment.ts';
import { refusedDocument } from './document.ts';
import { isOwnDocument, isTaggedHost } from './hosts.ts';
import {
  listOf,
  type Properties,
  recordOf,
  STATEMENT_KEYS,
  type Resource,
  type Template,
  textIn,
} from './template.ts';

/** What is known beside a resource of the operators' stack. */
interface Surroundings {
  readonly template: Template;
  readonly script: string;
  /** The tags of each cluster of the app. */
  readonly clusters: readonly Properties[];
}

/** What people use is in a stack that runs nothing: it has a managed policy, and no role and no function. */
export function isForOperators({ resources }: Template): boolean {
  const types = new Set([...resources.values()].map(({ type }) => type));
  return (
    types.has('AWS::IAM::ManagedPolicy') &&
    !types.has('AWS::IAM::Role') &&
    !types.has('AWS::Lambda::Function')
  );
}

/** Why a resource of the operators' stack must not be there. */
export function reasonsAgainstOperators(
  { type, properties }: Resource,
  around: Surroundings,
): readonly string[] {
  switch (type) {
    case 'AWS::CDK::Metadata':
      return [];
    case 'AWS::SSM::Document':
      return refusedDocument(properties, around.script);
    case 'AWS::IAM::ManagedPolicy':
      return refusedPolicy(properties, around);
    default:
      return [`${type} is not on the list of the operators' stack`];
  }
}

/** The stack grants nothing to anybody: a person attaches the policy. */
function refusedPolicy(properties: Properties, around: Surroundings): readonly string[] {
  const owners = ['Groups', 'Roles', 'Users'].filter((key) => properties[key] !== undefined);
  if (owners.length > 0) return [`the policy is attached to ${owners.join(', ')}`];
  const { Statement, Version, ...others } = recordOf(properties['PolicyDocument']);
  const statements = listOf(Statement).map(recordOf);
  if (Version !== '2012-10-17' || statements.length === 0 || Object.keys(others).length > 0) {
    return ['the policy cannot be read here'];
  }
  return statements.flatMap((statement) => refusedStatement(statement, around));
}

function refusedStatement(statement: Properties, around: Surroundings): readonly string[] {
  const other = Object.keys(statement).filter((key) => !STATEMENT_KEYS.has(key));
  const actions = listOf(statement['Action']);
  const resources = listOf(statement['Resource']);
  const isRead = statement['Effect'] === 'Allow' && actions.length > 0 && resources.length > 0;
  if (other.length > 0 || !isRead) return ['a statement that cannot be read here'];
  return actions.flatMap((action) =>
    resources
      .filter((resource) => !isAllowed(String(action), resource, { ...around, statement }))
      .map((resource) => `${String(action)} is allowed on ${JSON.stringify(resource)}`),
  );
}

/** The ARN of a function whose name is the output of a cluster's stack. */
function isChecker(resource: unknown): boolean {
  const [glue, pieces] = listOf(recordOf(resource)['Fn::Join']);
  const before = listOf(pieces).slice(0, -1);
  const arn = textIn({ 'Fn::Join': [glue, before] }) ?? '';
  const { StackName, OutputName } = recordOf(recordOf(listOf(pieces).at(-1))['Fn::GetStackOutput']);
  return (
    /^arn:[^:]+:lambda:[^:]+:[^:]+:function:$/.test(arn) &&
    /^Vtepwatch-[A-Za-z0-9-]+$/.test(String(StackName)) &&
    OutputName === OUTPUTS.functionName
  );
}

function isAllowed(
  action: string,
  resource: unknown,
  { template, clusters, statement }: Surroundings & { readonly statement: Properties },
): boolean {
  switch (action) {
    case 'cloudformation:DescribeStacks':
    case 'ssm:DescribeInstanceInformation':
    case 'ssm:GetCommandInvocation':
    case 'ssm:ListCommandInvocations':
    case 'ssm:ListCommands':
      return true;
    case 'ssm:DescribeDocument':
    case 'ssm:GetDocument':
      return isOwnDocument(resource, template);
    case 'ssm:SendCommand': {
      const condition = statement['Condition'];
      return (
        isOwnDocument(resource, template) ||
        clusters.some((tags) => isTaggedHost(resource, { condition, tags }))
      );
    }
    case 'lambda:InvokeFunction':
      return isChecker(resource);
    default:
      return false;
  }
}
