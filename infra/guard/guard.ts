import { refusedDocument } from './document.ts';
import { isForOperators, reasonsAgainstOperators } from './operators.ts';
import { refusedPolicy } from './policies.ts';
import { tagsOf } from './tags.ts';
import {
  listOf,
  type Properties,
  readTemplate,
  recordOf,
  referenceIn,
  type Resource,
  type Template,
} from './template.ts';

/** Why a template must not be deployed. */
interface Refusal {
  /** The logical id of a resource; undefined where it is the template itself. */
  readonly resource: string | undefined;
  readonly reason: string;
}

/**
 * Whoever controls the function's role must be able to run one script on the cluster's hosts, which
 * reads, and no other anywhere. So its stack has an allow list without exceptions: types of resources,
 * one document, and for each role its actions. What cannot be read from the template is refused.
 * `script` is the one that the document runs. What people use is in a stack of its own, with a list of its
 * own: `clusters` are the tags of the clusters that the app has, one of which it must be about.
 */
export function refusalsOf(
  json: unknown,
  script: string,
  clusters: readonly Properties[] = [],
): readonly Refusal[] {
  const template = readTemplate(json);
  const reasons = (resource: Resource): readonly string[] =>
    isForOperators(template)
      ? reasonsAgainstOperators(resource, { template, script, clusters })
      : reasonsAgainst(resource, template, script);
  const sections = template.sections.filter((name) => !SECTIONS.has(name));
  return [
    ...sections.map((name) => ({
      resource: undefined,
      reason: `${name} may change the template after it was checked`,
    })),
    ...[...template.resources].flatMap(([id, resource]) =>
      reasons(resource).map((reason) => ({ resource: id, reason })),
    ),
    ...(countOf(template, 'AWS::Lambda::Function') > 1
      ? [{ resource: undefined, reason: 'there is more than one function' }]
      : []),
    ...(hasTransform(json)
      ? [{ resource: undefined, reason: 'Fn::Transform may change the template' }]
      : []),
  ];
}

const SECTIONS: ReadonlySet<string> = new Set([
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Metadata',
  'Outputs',
  'Parameters',
  'Rules',
]);

/** Types that run nothing by themselves. */
const HARMLESS: ReadonlySet<string> = new Set([
  'AWS::CDK::Metadata',
  'AWS::DynamoDB::GlobalTable',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::Scheduler::ScheduleGroup',
]);

function reasonsAgainst(
  { type, properties }: Resource,
  template: Template,
  script: string,
): readonly string[] {
  switch (type) {
    case 'AWS::SSM::Document':
      return refusedDocument(properties, script);
    case 'AWS::IAM::Role':
    case 'AWS::IAM::Policy':
      return refusedPolicy({ type, properties }, template, tagsOf(template));
    case 'AWS::Lambda::Function':
      return refusedFunction(properties, template);
    case 'AWS::Lambda::EventInvokeConfig':
      return properties['DestinationConfig'] === undefined
        ? []
        : ['it sends its results somewhere'];
    case 'AWS::Scheduler::Schedule':
      return refusedSchedule(properties, template);
    case 'AWS::SNS::Subscription':
      return ['email', 'https'].includes(String(properties['Protocol']))
        ? []
        : [`a subscription by ${JSON.stringify(properties['Protocol'])} may run something`];
    case 'AWS::CloudWatch::Alarm':
      return refusedAlarm(properties, template);
    default:
      return HARMLESS.has(type) ? [] : [`${type} is not on the list of this stack`];
  }
}

function refusedFunction(properties: Properties, template: Template): readonly string[] {
  const { Role, Code, Layers } = properties;
  return [
    ...(isOfType(Role, 'AWS::IAM::Role', template) ? [] : ['its role is not of this stack']),
    ...(recordOf(Code)['ZipFile'] === undefined ? [] : ['its code stands in the template']),
    ...(listOf(Layers).length === 0 ? [] : ['it has layers']),
  ];
}

/** A schedule can call any API of AWS by its target. */
function refusedSchedule(properties: Properties, template: Template): readonly string[] {
  const { Arn, RoleArn } = recordOf(properties['Target']);
  return [
    ...(isOfType(Arn, 'AWS::Lambda::Function', template)
      ? []
      : [`the schedule starts ${JSON.stringify(Arn)}, and not the function`]),
    ...(isOfType(RoleArn, 'AWS::IAM::Role', template) ? [] : ['its role is not of this stack']),
  ];
}

/** An alarm can start a function, an automation or an action on an instance. */
function refusedAlarm(properties: Properties, template: Template): readonly string[] {
  const actions = ['AlarmActions', 'OKActions', 'InsufficientDataActions'].flatMap((key) =>
    listOf(properties[key]),
  );
  return actions
    .filter((action) => !isOfType(action, 'AWS::SNS::Topic', template) && !isTopic(action))
    .map((action) => `the alarm starts ${JSON.stringify(action)}`);
}

function isOfType(value: unknown, type: string, { resources }: Template): boolean {
  return resources.get(referenceIn(value) ?? '')?.type === type;
}

/** A topic that stands elsewhere, by its ARN. */
function isTopic(value: unknown): boolean {
  return typeof value === 'string' && /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(value);
}

function countOf({ resources }: Template, type: string): number {
  return [...resources.values()].filter((resource) => resource.type === type).length;
}

function hasTransform(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, one]) => key === 'Fn::Transform' || hasTransform(one));
}
