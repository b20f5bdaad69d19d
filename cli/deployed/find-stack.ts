import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { OUTPUTS } from '../../shared/contract/deployment.ts';
import { Failure } from '../failure.ts';
import { clientConfig } from './client-config.ts';
import type { DeployedOptions } from './options.ts';
import { trouble } from './trouble.ts';

/** What a cluster's stack deployed, from its outputs. */
export interface Deployed {
  readonly functionName: string;
  readonly topicArn: string;
  readonly documentName: string | undefined;
}

/** Reads the outputs of the cluster's stack; throws one sentence where there is none. */
export async function findStack(options: DeployedOptions): Promise<Deployed> {
  const outputs = await outputsOf(options);
  const functionName = outputs.get(OUTPUTS.functionName);
  const topicArn = outputs.get(OUTPUTS.topicArn);
  if (functionName !== undefined && topicArn !== undefined) {
    return { functionName, topicArn, documentName: outputs.get(OUTPUTS.documentName) };
  }
  const { stack } = options;
  const missing = `${OUTPUTS.functionName} and ${OUTPUTS.topicArn}`;
  throw new Error(
    `the stack ${stack} has no outputs ${missing}: it belongs to something else, or its deployment did not finish`,
  );
}

/** The document that the cluster's stack made; throws one sentence where there is none. */
export async function findDocument(options: StackOptions): Promise<string> {
  const name = (await outputsOf(options)).get(OUTPUTS.documentName);
  if (name !== undefined) return name;
  throw new Error(`the stack ${options.stack} has no output ${OUTPUTS.documentName}`);
}

/** Whose stack is looked for, and where. */
type StackOptions = Pick<DeployedOptions, 'cluster' | 'stack' | 'region'>;

type Outputs = ReadonlyMap<string | undefined, string | undefined>;

async function outputsOf({ cluster, stack, region }: StackOptions): Promise<Outputs> {
  const client = new CloudFormationClient(clientConfig(region));
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return new Map(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  } catch (error) {
    const doing = `looking for cluster ${cluster}`;
    if (!isNotThere(error)) throw trouble(doing, error);
    throw new Failure(
      'unreachable',
      `${doing}: there is no stack ${stack} in this account in ${await client.config.region()}; ` +
        'use --region or --stack to name another',
    );
  } finally {
    client.destroy();
  }
}

/** CloudFormation has no error type for a missing stack. */
function isNotThere(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ValidationError' &&
    error.message.includes('does not exist')
  );
}
