import { LAB_ACCOUNT, LAB_REGION } from './account.ts';
import { escapeXml, formOf, xmlRefusal, xmlReply } from './aws-query.ts';
import { listen } from './endpoint.ts';
import type { Endpoint, Service, ServiceReply } from './endpoint.ts';
import { createGate } from './gate.ts';
import type { Gate } from './gate.ts';
import { REAL_TIME } from './time.ts';

/** The account's stacks, of which one can ask for outputs and resources, and which can be deleted. */
export interface CloudFormation extends Endpoint {
  readonly gate: Gate;
  /** Makes a stack, or puts another in its place. */
  deploy(name: string, stack: Stack): void;
  /** The names of those that are not deleted. */
  standing(): readonly string[];
}

export interface Stack {
  /** By their keys. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Default: `CREATE_COMPLETE`. Of a deleted stack the service lists the summary for 90 days. */
  readonly status?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly resources?: readonly { readonly type: string; readonly id: string }[];
  /** What keeps the service from deleting it. */
  readonly undeletable?: string;
}

/** By their names. */
type Stacks = Map<string, Stack>;

/** ListStacks returns so many on a page. */
const PAGE_STACKS = 100;

export async function startCloudFormation(
  initial: Readonly<Record<string, Stack>> = {},
): Promise<CloudFormation> {
  const stacks: Stacks = new Map(Object.entries(initial));
  const gate = createGate(REAL_TIME);
  const standing = (name: string): Stack | undefined => {
    const stack = stacks.get(name);
    return stack === undefined || statusOf(stack) === 'DELETE_COMPLETE' ? undefined : stack;
  };
  /** Of a deleted stack by its id, too. */
  const described = (nameOrId: string): readonly [string, Stack] | undefined =>
    [...stacks].find(([name, stack]) =>
      statusOf(stack) === 'DELETE_COMPLETE'
        ? nameOrId === idOf(name)
        : [name, idOf(name)].includes(nameOrId),
    );
  const answers: Readonly<Record<string, (form: Form) => ServiceReply>> = {
    DescribeStacks: ({ StackName = '' }) => {
      const found = described(StackName);
      return found === undefined ? notThere(StackName) : description(...found);
    },
    DescribeStackResources: ({ StackName = '' }) => {
      const found = described(StackName);
      return found === undefined ? notThere(StackName) : resourcesOf(found[1]);
    },
    // Where there is none, the service says nothing of it.
    DeleteStack: ({ StackName = '' }) => {
      const stack = standing(StackName);
      if (stack !== undefined) stacks.set(StackName, { ...stack, status: endOf(stack) });
      return xmlReply(200, element('DeleteStackResponse', ''));
    },
    ListStacks: (form) => listed(stacks, form),
  };
  const service: Service = {
    operation: (request) => formOf(request)['Action'] ?? '',
    input: formOf,
    answer: async (request) => {
      const form = formOf(request);
      const { Action = '' } = form;
      const answer = Object.hasOwn(answers, Action) ? answers[Action] : undefined;
      return (
        answer?.(form) ??
        xmlRefusal({ type: 'InvalidAction', message: `no ${Action} here`, status: 400 })
      );
    },
    refuse: xmlRefusal,
    throttled: { type: 'Throttling', message: 'Rate exceeded', status: 400 },
  };
  return {
    ...(await listen(service, gate)),
    gate,
    deploy: (name, stack) => {
      stacks.set(name, stack);
    },
    standing: () => [...stacks.keys()].filter((name) => standing(name) !== undefined),
  };
}

type Form = ReturnType<typeof formOf>;

function statusOf({ status = 'CREATE_COMPLETE' }: Stack): string {
  return status;
}

function endOf({ undeletable }: Stack): string {
  return undeletable === undefined ? 'DELETE_COMPLETE' : 'DELETE_FAILED';
}

/** The service's own words; it has no error of its own for it. */
function notThere(name: string): ServiceReply {
  const message = `Stack with id ${name} does not exist`;
  return xmlRefusal({ type: 'ValidationError', message, status: 400 });
}

function description(name: string, stack: Stack): ServiceReply {
  const outputs = Object.entries(stack.outputs).map(([key, value]) =>
    element('member', element('OutputKey', key) + element('OutputValue', escapeXml(value))),
  );
  const tags = Object.entries(stack.tags ?? {}).map(([key, value]) =>
    element('member', element('Key', escapeXml(key)) + element('Value', escapeXml(value))),
  );
  const member = [
    ...commonOf(name, stack),
    element('StackStatusReason', escapeXml(stack.undeletable ?? '')),
    element('Tags', tags.join('')),
    element('Description', escapeXml(stack.description ?? '')),
    element('Outputs', outputs.join('')),
  ].join('');
  const result = element('DescribeStacksResult', element('Stacks', element('member', member)));
  return xmlReply(200, element('DescribeStacksResponse', result));
}

function resourcesOf({ resources = [] }: Stack): ServiceReply {
  const members = resources.map(({ type, id }) =>
    element(
      'member',
      [
        element('LogicalResourceId', 'Lab'),
        element('PhysicalResourceId', escapeXml(id)),
        element('ResourceType', type),
        element('Timestamp', '2026-11-23T09:00:00.000Z'),
        element('ResourceStatus', 'CREATE_COMPLETE'),
      ].join(''),
    ),
  );
  const result = element(
    'DescribeStackResourcesResult',
    element('StackResources', members.join('')),
  );
  return xmlReply(200, element('DescribeStackResourcesResponse', result));
}

/** The statuses come as `StackStatusFilter.member.1` and so on; without them every stack is listed. */
function listed(stacks: Stacks, form: Form): ServiceReply {
  const wanted = Object.entries(form).flatMap(([key, value]) =>
    key.startsWith('StackStatusFilter.member.') ? [value] : [],
  );
  const fitting = [...stacks].filter(
    ([, stack]) => wanted.length === 0 || wanted.includes(statusOf(stack)),
  );
  const from = Number(form['NextToken'] ?? 0);
  const page = fitting
    .slice(from, from + PAGE_STACKS)
    .map(([name, stack]) =>
      element(
        'member',
        [
          ...commonOf(name, stack),
          element('TemplateDescription', escapeXml(stack.description ?? '')),
        ].join(''),
      ),
    );
  const next = from + PAGE_STACKS;
  const token = next < fitting.length ? element('NextToken', String(next)) : '';
  const result = element('ListStacksResult', element('StackSummaries', page.join('')) + token);
  return xmlReply(200, element('ListStacksResponse', result));
}

function idOf(name: string): string {
  return `arn:aws:cloudformation:${LAB_REGION}:${LAB_ACCOUNT}:stack/${name}/lab`;
}

function commonOf(name: string, stack: Stack): readonly string[] {
  return [
    element('StackId', idOf(name)),
    element('StackName', name),
    element('CreationTime', '2026-11-23T09:00:00.000Z'),
    element('StackStatus', statusOf(stack)),
  ];
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
