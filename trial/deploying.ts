import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OUTPUTS, stackNameOf } from '../shared/contract/deployment.ts';
import { CONTEXT_KEY, INSTANCE_OUTPUTS, type Instances, instancesStackOf } from './agreed.ts';
import { deploy } from './cdk.ts';
import type { Step } from './diary.ts';
import { clusterSettings } from './settings.ts';
import { findStack, mustNotStand, outputOf, type Stack } from './stacks.ts';
import type { Cluster, Surroundings } from './surroundings.ts';

/** The app of the instances, and its context. The CDK runs the app in the checkout, by the shell. */
export function instancesWords(instances: Instances): readonly string[] {
  const app = 'node trial/stack/app.ts';
  return ['--app', app, '--context', `${CONTEXT_KEY}=${JSON.stringify(instances)}`];
}

export async function deployInstances(around: Surroundings, step: Step): Promise<Cluster> {
  const { instances } = around;
  const words = instancesWords(instances);
  const stack = await deployNew(around, { stack: instancesStackOf(instances.name), words }, step);
  const server = outputOf(stack, INSTANCE_OUTPUTS.server);
  return {
    server,
    ids: [server, ...outputOf(stack, INSTANCE_OUTPUTS.agents).split(',')],
    queueUrl: outputOf(stack, INSTANCE_OUTPUTS.queueUrl),
    queueArn: outputOf(stack, INSTANCE_OUTPUTS.queueArn),
  };
}

/** By the construct, the app and the command with which everybody deploys it. */
export async function deployVtepwatch(around: Surroundings, step: Step): Promise<string> {
  const { place, folder } = around;
  const { name } = around.instances;
  const config = path.join(folder, 'clusters.json');
  await writeFile(config, JSON.stringify(clusterSettings(name, place), undefined, 2));
  const words = ['--context', `config=${config}`];
  const stack = await deployNew(around, { stack: stackNameOf(name), words }, step);
  return outputOf(stack, OUTPUTS.topicArn);
}

/** Another trial may have begun while a person read the plan: its stacks stay as they are. */
async function deployNew(
  { instances, run, cdk, clients: { cloudFormation } }: Surroundings,
  { stack, words }: { readonly stack: string; readonly words: readonly string[] },
  step: Step,
): Promise<Stack> {
  await mustNotStand(cloudFormation, [stack]);
  await deploy(cdk, { stack, trial: instances.name, run, words }, step);
  const deployed = await findStack(cloudFormation, stack);
  if (deployed === undefined) throw new Error(`the CDK has ended, and there is no stack ${stack}`);
  return deployed;
}
