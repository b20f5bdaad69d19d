import { LAB_ACCOUNT, LAB_REGION } from './account.ts';
import { escapeXml, formOf, xmlRefusal, xmlReply } from './aws-query.ts';
import { listen } from './endpoint.ts';
import type { Endpoint, Service, ServiceReply } from './endpoint.ts';
import { createGate } from './gate.ts';
import type { Gate } from './gate.ts';
import { REAL_TIME } from './time.ts';

/** The account's stacks, of which one can ask for the outputs. */
export interface CloudFormation extends Endpoint {
  readonly gate: Gate;
}

interface Stack {
  /** By their keys. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Default: `CREATE_COMPLETE`. Of a deleted stack the service lists the summary for 90 days. */
  readonly status?: string;
}

/** By their names. */
type Stacks = Readonly<Record<string, Stack>>;

/** ListStacks returns so many on a page. */
const PAGE_STACKS = 100;

export async function startCloudFormation(stacks: Stacks): Promise<CloudFormation> {
  const gate = createGate(REAL_TIME);
  const answers: Readonly<Record<string, (form: Form) => ServiceReply>> = {
    DescribeStacks: ({ StackName = '' }) => {
      const stack = Object.hasOwn(stacks, StackName) ? stacks[StackName] : undefined;
      return stack === undefined || statusOf(stack) === 'DELETE_COMPLETE'
        ? notThere(StackName)
        : described(StackName, stack);
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
  return { ...(await listen(service, gate)), gate };
}

type Form = ReturnType<typeof formOf>;

function statusOf({ status = 'CREATE_COMPLETE' }: Stack): string {
  return status;
}

/** The service's own words; it has no error of its own for it. */
function notThere(name: string): ServiceReply {
  const message = `Stack with id ${name} does not exist`;
  return xmlRefusal({ type: 'ValidationError', message, status: 400 });
}

function described(name: string, stack: Stack): ServiceReply {
  const outputs = Object.entries(stack.outputs).map(([key, value]) =>
    element('member', element('OutputKey', key) + element('OutputValue', escapeXml(value))),
  );
  const member = [
    ...commonOf(name, stack),
    element('Description', escapeXml(stack.description ?? '')),
    element('Outputs', outputs.join('')),
  ].join('');
  const result = element('DescribeStacksResult', element('Stacks', element('member', member)));
  return xmlReply(200, element('DescribeStacksResponse', result));
}

/** The statuses come as `StackStatusFilter.member.1` and so on; without them every stack is listed. */
function listed(stacks: Stacks, form: Form): ServiceReply {
  const wanted = Object.entries(form).flatMap(([key, value]) =>
    key.startsWith('StackStatusFilter.member.') ? [value] : [],
  );
  const fitting = Object.entries(stacks).filter(
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

function commonOf(name: string, stack: Stack): readonly string[] {
  return [
    element('StackId', `arn:aws:cloudformation:${LAB_REGION}:${LAB_ACCOUNT}:stack/${name}/lab`),
    element('StackName', name),
    element('CreationTime', '2026-11-23T09:00:00.000Z'),
    element('StackStatus', statusOf(stack)),
  ];
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
