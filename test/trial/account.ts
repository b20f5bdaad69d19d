import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LAB_ACCOUNT, LAB_REGION } from '../../lab/aws/account.ts';
import {
  type CloudFormation,
  type Stack,
  startCloudFormation,
} from '../../lab/aws/cloudformation.ts';
import { type Lambda, startLambda } from '../../lab/aws/lambda.ts';
import type { Invocation } from '../../lab/function/function.ts';
import { startWorld, type World } from '../../lab/world.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import { type Environment, OPERATOR } from '../cli/deployed.ts';

/** An account in which the CDK can deploy: what it deploys is the lab's, as are hosts and function. */
export interface Account {
  readonly world: World;
  readonly cloudFormation: CloudFormation;
  /** Of the person who runs the trial. */
  readonly env: Environment;
  /** What each deployment was given: the settings file, or the context. */
  readonly deployed: ReadonlyMap<string, string>;
  /** Takes the place of a deployment: what the CDK prints, and that it fails. `hangs`: it never ends. */
  readonly failing: Map<string, string>;
  /** What keeps CloudFormation from deleting a stack that is yet to be deployed. */
  readonly undeletable: Map<string, string>;
  close(): Promise<void>;
}

export const INSTANCES = 'Vtepwatch-instances-try';
export const VTEPWATCH = 'Vtepwatch-try';

const FUNCTION = 'Vtepwatch-try-Checker';
const TAG = { vtepwatch: 'try' } as const;
const BOOTSTRAP = '/cdk-bootstrap/hnb659fds/version';

export async function startAccount(bundle: string): Promise<Account> {
  const world = await startWorld({
    cluster: 'try',
    prefer: 'modelled',
    kubernetes: false,
    bundle,
    dialSeconds: 2,
    limits: { secondLookSeconds: 1, slowSeconds: 20 },
    parameters: new Map([[BOOTSTRAP, '30']]),
    env: { [ENVIRONMENT.targets]: JSON.stringify([{ Key: 'tag:vtepwatch', Values: ['try'] }]) },
  });
  for (const machine of world.machines.machines) world.aws.ssm.register({ machine, tags: TAG });
  await becomeK3sServer(world);
  const cloudFormation = await startCloudFormation();
  const run = oneAtATime((event) => world.function.invoke(event, { timeoutSeconds: 55 }));
  const lambda = await startLambda({ [FUNCTION]: run });
  const ticks = new AbortController();
  const deployed = new Map<string, string>();
  const failing = new Map<string, string>();
  const undeletable = new Map<string, string>();
  const make = async (name: string, tags: Tags): Promise<void> => {
    const reason = undeletable.get(name);
    cloudFormation.deploy(name, {
      ...(await stackOf(name, world)),
      tags,
      ...(reason === undefined ? {} : { undeletable: reason }),
    });
    if (name === VTEPWATCH) void schedule(run, ticks.signal);
  };
  const { url, server } = await deployments(async ({ name, tags, given }) => {
    deployed.set(name, given);
    const trouble = failing.get(name);
    if (trouble === undefined) await make(name, tags);
    return trouble;
  });
  return {
    world,
    cloudFormation,
    env: environmentOf({ world, cloudFormation, lambda, url }),
    deployed,
    failing,
    undeletable,
    close: async () => {
      ticks.abort();
      server.closeAllConnections();
      server.close();
      await Promise.all([world, cloudFormation, lambda].map((part) => part.close()));
    },
  };
}

function environmentOf({
  world: { aws },
  cloudFormation,
  lambda,
  url,
}: {
  readonly world: World;
  readonly cloudFormation: CloudFormation;
  readonly lambda: Lambda;
  readonly url: string;
}): Environment {
  return {
    ...OPERATOR,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_ENDPOINT_URL_DYNAMODB: aws.dynamoDb.url,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    AWS_ENDPOINT_URL_SNS: aws.sns.url,
    AWS_ENDPOINT_URL_SQS: aws.sns.url,
    AWS_ENDPOINT_URL_SSM: aws.ssm.url,
    LAB_DEPLOYMENTS: url,
  };
}

/** The program that the trial asks for nodes there; on a k3s server it is k3s itself. */
async function becomeK3sServer({ machines }: World): Promise<void> {
  const [server] = machines.machines;
  const file = '/usr/local/bin/k3s';
  const kubeconfig = '"${VTEPWATCH_ROOT:-}/etc/kubernetes/admin.conf"';
  await server?.write(
    file,
    `#!/bin/sh\n[ "$1" = kubectl ] || exit 0\nshift\nexec kubectl --kubeconfig=${kubeconfig} "$@"\n`,
  );
  await server?.run(['sh', '-c', `chmod 755 "\${VTEPWATCH_ROOT:-}${file}"`]);
}

async function stackOf(name: string, { machines, aws }: World): Promise<Stack> {
  if (name === VTEPWATCH) {
    const outputs = { FunctionName: FUNCTION, TopicArn: aws.sns.topicArn };
    const table = { type: 'AWS::DynamoDB::GlobalTable', id: aws.dynamoDb.tableName };
    return { outputs, resources: [table] };
  }
  const [server = '', ...agents] = machines.machines.map(({ instanceId }) => instanceId);
  const credentials = { accessKeyId: 'lab', secretAccessKey: 'lab' };
  const sqs = new SQSClient({ endpoint: aws.sns.url, region: LAB_REGION, credentials });
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'trial' }));
  sqs.destroy();
  const queueArn = `arn:aws:sqs:${LAB_REGION}:${LAB_ACCOUNT}:trial`;
  const ids = { ServerId: server, AgentIds: agents.join(',') };
  return { outputs: { ...ids, QueueUrl, QueueArn: queueArn } };
}

type Run = (event: unknown) => Promise<Invocation>;

/** The lab's function has one process, which the schedule and a person share. */
function oneAtATime(run: Run): Run {
  let last: Promise<unknown> = Promise.resolve();
  return async (event) => {
    const mine = last.then(() => run(event));
    last = mine.catch(() => undefined);
    return await mine;
  };
}

/** Much shorter than a minute, and long enough that a person's run comes between. */
const SCHEDULE_MS = 2000;

async function schedule(run: Run, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(SCHEDULE_MS);
    if (signal.aborted) return;
    await run({ scheduledTime: new Date().toISOString() }).catch(() => undefined);
  }
}

type Tags = Readonly<Record<string, string>>;

/** What `cdk-of-the-lab.ts` asks. */
interface Request {
  readonly name: string;
  readonly tags: Tags;
  readonly given: string;
}

async function deployments(
  make: (request: Request) => Promise<string | undefined>,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      const stack = pathname.split('/').at(-1) ?? '';
      const tags = Object.fromEntries(searchParams);
      const trouble = await make({ name: stack, tags, given: await text(request) }).catch(String);
      if (trouble === 'hangs') return;
      response.writeHead(trouble === undefined ? 200 : 500).end(trouble ?? `${stack}: deployed`);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, server };
}
