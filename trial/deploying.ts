import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { OUTPUTS, stackNameOf } from '../shared/contract/deployment.ts';
import { CONTEXT_KEY, INSTANCE_OUTPUTS, type Instances, instancesStackOf } from './agreed.ts';
import { deploy } from './cdk.ts';
import type { Step } from './diary.ts';
import { clusterSettings } from './settings.ts';
import { findStack, outputOf, type Stack } from './stacks.ts';
import type { Cluster, Surroundings } from './surroundings.ts';

/** The app of the instances, and its context. The CDK runs the app in the checkout, by the shell. */
export function instancesWords(instances: Instances): readonly string[] {
  const app = 'node trial/stack/app.ts';
  return ['--app', app, '--context', `${CONTEXT_KEY}=${JSON.stringify(instances)}`];
}

export async function deployInstances(
  { instances, cdk, clients }: Surroundings,
  step: Step,
): Promise<Cluster> {
  const name = instancesStackOf(instances.name);
  await deploy(cdk, { stack: name, trial: instances.name, words: instancesWords(instances) }, step);
  const stack = await deployedStack(clients.cloudFormation, name);
  const server = outputOf(stack, INSTANCE_OUTPUTS.server);
  return {
    server,
    ids: [server, ...outputOf(stack, INSTANCE_OUTPUTS.agents).split(',')],
    queueUrl: outputOf(stack, INSTANCE_OUTPUTS.queueUrl),
    queueArn: outputOf(stack, INSTANCE_OUTPUTS.queueArn),
  };
}

/** By the construct, the app and the command with which everybody deploys it. */
export async function deployVtepwatch(
  { instances: { name }, place, cdk, folder, clients }: Surroundings,
  step: Step,
): Promise<string> {
  const config = path.join(folder, 'clusters.json');
  await writeFile(config, JSON.stringify(clusterSettings(name, place), undefined, 2));
  const words = ['--context', `config=${config}`];
  await deploy(cdk, { stack: stackNameOf(name), trial: name, words }, step);
  return outputOf(await deployedStack(clients.cloudFormation, stackNameOf(name)), OUTPUTS.topicArn);
}

async function deployedStack(client: CloudFormationClient, name: string): Promise<Stack> {
  const stack = await findStack(client, name);
  if (stack === undefined) throw new Error(`the CDK has ended, and there is no stack ${name}`);
  return stack;
}
