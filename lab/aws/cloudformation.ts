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

/** Outputs by their keys, by the stacks' names. */
type Stacks = Readonly<Record<string, Readonly<Record<string, string>>>>;

export async function startCloudFormation(stacks: Stacks): Promise<CloudFormation> {
  const gate = createGate(REAL_TIME);
  const service: Service = {
    operation: (request) => formOf(request)['Action'] ?? '',
    input: formOf,
    answer: async (request) => {
      const { Action, StackName = '' } = formOf(request);
      if (Action !== 'DescribeStacks') {
        return xmlRefusal({ type: 'InvalidAction', message: `no ${Action} here`, status: 400 });
      }
      const outputs = Object.hasOwn(stacks, StackName) ? stacks[StackName] : undefined;
      return outputs === undefined ? notThere(StackName) : described(StackName, outputs);
    },
    refuse: xmlRefusal,
    throttled: { type: 'Throttling', message: 'Rate exceeded', status: 400 },
  };
  return { ...(await listen(service, gate)), gate };
}

/** The service's own words; it has no error of its own for it. */
function notThere(name: string): ServiceReply {
  const message = `Stack with id ${name} does not exist`;
  return xmlRefusal({ type: 'ValidationError', message, status: 400 });
}

function described(name: string, outputs: Readonly<Record<string, string>>): ServiceReply {
  const members = Object.entries(outputs).map(([key, value]) =>
    element('member', element('OutputKey', key) + element('OutputValue', escapeXml(value))),
  );
  const stack = [
    element('StackId', `arn:aws:cloudformation:${LAB_REGION}:${LAB_ACCOUNT}:stack/${name}/lab`),
    element('StackName', name),
    element('CreationTime', '2026-11-23T09:00:00.000Z'),
    element('StackStatus', 'CREATE_COMPLETE'),
    element('Outputs', members.join('')),
  ].join('');
  const result = element('DescribeStacksResult', element('Stacks', element('member', stack)));
  return xmlReply(200, element('DescribeStacksResponse', result));
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
