import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { KubernetesAccess } from '../lambda/ask-kubernetes.ts';
import { check } from '../lambda/check.ts';
import { deadlineIn, earlier, type Deadline, remaining } from '../lambda/deadline.ts';
import { tickOf } from '../lambda/event.ts';
import type { Systems } from '../lambda/invocation.ts';
import { readSettings } from '../lambda/settings.ts';
import { incidentStore } from '../lambda/systems/incident-store/incident-store.ts';
import { withRecollection } from '../lambda/systems/incident-store/recollection.ts';
import type { PageChannel } from '../lambda/systems/page-channel.ts';
import { snsChannel } from '../lambda/systems/sns.ts';
import { inventory } from '../lambda/systems/ssm/inventory.ts';
import { runCommand } from '../lambda/systems/ssm/run-command.ts';
import { webhookChannel } from '../lambda/systems/webhook.ts';
import { ENVIRONMENT } from '../shared/contract/settings.ts';
import { webhookSchema } from '../shared/contract/webhook.ts';
import type { Report } from '../shared/contract/report.ts';
import type { TelemetryEvent } from '../shared/contract/telemetry.ts';
import { dynamoDb } from './account/dynamodb.ts';
import { inProcess, jsonService, type Service } from './account/in-process.ts';
import { type PublishedPage, topic } from './account/sns.ts';
import { systemsManager } from './account/ssm.ts';
import { type Process, startProcess, type Wire } from './account/wire.ts';
import { between } from './chance.ts';
import type { Deployment } from './story.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { nodeJson } from './world/cluster-api.ts';
import type { Host } from './world/host.ts';
import type { World } from './world/world.ts';

/** The function with its settings, its clients and its account, in virtual time. */
interface DeployedFunction {
  /** Every page that was published, in order. */
  readonly pages: readonly PublishedPage[];
  /** The kind of each page that the webhook has taken, in order. */
  readonly posted: readonly string[];
  /** Every event that the backend has. */
  readonly events: readonly TelemetryEvent[];
  /** `scheduledTime` in epoch milliseconds. Rejects where the function fails, or is killed. */
  invoke(scheduledTime: number): Promise<Report>;
}

const CLUSTER = 'soak';

/** As the stack sets it for a schedule of one minute. */
const FUNCTION_MS = 55_000;

/** What the handler keeps free for telemetry, and for state and pages besides. */
const TELEMETRY_MS = 3000;
const RESERVE_MS = 5000;

const SETTINGS = {
  [ENVIRONMENT.cluster]: CLUSTER,
  [ENVIRONMENT.targets]: JSON.stringify([{ Key: 'tag:vtepwatch', Values: [CLUSTER] }]),
  [ENVIRONMENT.document]: 'vtepwatch-probe',
  [ENVIRONMENT.table]: 'vtepwatch-incidents',
  [ENVIRONMENT.topicArn]: 'arn:aws:sns:eu-west-1:000000000000:vtepwatch-pages',
} as const;

interface Surroundings {
  readonly world: World;
  readonly clock: VirtualClock;
  readonly deployment: Deployment;
  /** What goes wrong with its calls; nothing without it. */
  readonly wire?: Wire | undefined;
  /** Beside the topic. */
  readonly channel?: 'webhook' | undefined;
}

export function deployedFunction(surroundings: Surroundings): DeployedFunction {
  const { clock, wire = () => undefined } = surroundings;
  const settings = readSettings(SETTINGS);
  const account = accountOf(surroundings);
  let running: RunningProcess | undefined;
  let invocations = 0;
  return {
    pages: account.pages,
    posted: account.posted,
    events: account.events,
    invoke: async (scheduledTime) => {
      running ??= startFunction(surroundings, account, startProcess(clock, wire));
      const { process, systems, buffer } = running;
      process.killed.catch(() => {
        running = undefined;
      });
      invocations += 1;
      const now = clock.now();
      const end = earlier(deadlineIn(FUNCTION_MS, clock), TELEMETRY_MS);
      const run = async (): Promise<Report> => {
        try {
          return await check({
            systems,
            settings,
            integrations: { telemetry: false, channels: ['sns'] },
            scheduledTime: tickOf({ scheduledTime: new Date(scheduledTime).toISOString() }, now),
            id: `invocation-${invocations}`,
            now,
            deadline: earlier(end, RESERVE_MS),
            end,
            problems: [],
          });
        } finally {
          await buffer.flush();
        }
      };
      return await Promise.race([run(), process.killed]);
    },
  };
}

/** What outlives a process of the function. */
interface Account {
  readonly services: Readonly<Record<'ssm' | 'dynamoDb' | 'sns', Service>>;
  readonly pages: PublishedPage[];
  readonly posted: string[];
  readonly events: TelemetryEvent[];
}

function accountOf({ world, clock, deployment }: Surroundings): Account {
  const answerSsm = systemsManager(world, { knowsMasters: deployment !== 'nolist' });
  const pages: PublishedPage[] = [];
  return {
    pages,
    posted: [],
    events: [],
    services: {
      ssm: jsonService('ssm', (operation, input) => {
        world.agenda.advanceTo(clock.now());
        return answerSsm(operation, input);
      }),
      dynamoDb: jsonService('dynamodb', dynamoDb()),
      sns: topic(
        () => clock.now(),
        (page) => pages.push(page),
      ),
    },
  };
}

/** One process of the function, with what it remembers. */
interface RunningProcess {
  readonly process: Process;
  readonly systems: Systems;
  readonly buffer: EventBuffer;
}

function startFunction(
  { world, clock, deployment, channel }: Surroundings,
  { services, events, posted }: Account,
  process: Process,
): RunningProcess {
  const ssm = new SSMClient(inProcess(clock, process, services.ssm));
  const sns = new SNSClient(inProcess(clock, process, services.sns));
  const client = new DynamoDBClient(inProcess(clock, process, services.dynamoDb));
  const buffer = eventBuffer(process, events);
  const table = SETTINGS[ENVIRONMENT.table];
  return {
    process,
    buffer,
    systems: {
      ssm: runCommand(ssm, SETTINGS[ENVIRONMENT.document]),
      inventory: inventory(ssm),
      store: withRecollection(incidentStore({ client, table, cluster: CLUSTER })),
      channels: [
        snsChannel(sns, SETTINGS[ENVIRONMENT.topicArn]),
        ...(channel === undefined ? [] : [webhookTo(posted, process)]),
      ],
      kubernetes:
        deployment === 'kubeconfig' ? kubernetesOf(world, clock) : { kind: 'not-configured' },
      subscribers: async () => undefined,
      telemetry: {
        record: () => undefined,
        emit: () => undefined,
        emitOnce: (id, _at, event) => buffer.add(id, event),
        flushEvents: async () => await buffer.flush(),
        span: async (_name, _attributes, body) => await body(() => undefined),
      },
    },
  };
}

/** The function's webhook, whose receiver is in this process. */
function webhookTo(posted: string[], process: Process): PageChannel {
  const call = { service: 'webhook', operation: 'POST' } as const;
  return webhookChannel(CLUSTER, { url: 'https://pages.example.com/' }, async ({ body = '' }) =>
    process.call(
      call,
      () => {
        posted.push(webhookSchema.parse(JSON.parse(body)).kind);
        return { status: 204, body: '' };
      },
      (fault) => ({ status: fault === 'refused' ? 403 : 429, body: '' }),
    ),
  );
}

/** Events on their way to the backend, which leave when it has them. */
interface EventBuffer {
  /** Returns whether the event is new to this process. */
  add(id: string, event: TelemetryEvent): boolean;
  flush(): ReturnType<Systems['telemetry']['flushEvents']>;
}

function eventBuffer(process: Process, backend: TelemetryEvent[]): EventBuffer {
  const known = new Set<string>();
  let held: readonly TelemetryEvent[] = [];
  return {
    add: (id, event) => {
      if (known.has(id)) return false;
      known.add(id);
      held = [...held, event];
      return true;
    },
    flush: async () => {
      if (held.length === 0) return [];
      const failed = (reason: string) => [
        { signal: 'logs', reason, accepted: 0, lost: 0, pending: held.length } as const,
      ];
      return await process
        .call(
          { service: 'otlp', operation: 'export' },
          () => {
            backend.push(...held);
            held = [];
            return [];
          },
          failed,
        )
        .catch((error: unknown) => failed(String(error)));
    },
  };
}

/** How long a list takes, milliseconds. */
const LIST_MS = [80, 400] as const;

/**
 * The API behind a load balancer: each call reaches some master. A list without `resourceVersion` is of
 * the moment, not of that master's cache: https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
function kubernetesOf(world: World, clock: VirtualClock): KubernetesAccess {
  let calls = 0;
  const nodes = async (deadline: Deadline): Promise<unknown> => {
    calls += 1;
    const call = calls;
    await clock.pause(between(LIST_MS, 'list', call, clock.now()));
    world.agenda.advanceTo(clock.now());
    const balanced = world
      .members()
      .filter((host) => host.master && isBalancedTo(host, clock.now()));
    const master = balanced[between([0, balanced.length - 1], 'master', call, clock.now())];
    const fails = clock.now() < world.troubles.listFailsUntil;
    if (master === undefined || master.quietSince !== undefined || fails) {
      await clock.pause(remaining(deadline));
      throw new Error('listing the nodes: no answer in time');
    }
    return { items: [...world.api.now().values()].map(nodeJson) };
  };
  return { kind: 'open', api: { nodes, daemonSets: async () => ({ items: [] }) } };
}

/** How long a load balancer goes on calling a master that has gone, milliseconds. */
const HEALTH_CHECK_MS = 30_000;

function isBalancedTo({ quietSince }: Host, now: number): boolean {
  return quietSince === undefined || now - quietSince < HEALTH_CHECK_MS;
}
