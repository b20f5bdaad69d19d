import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import type { Report } from '../shared/contract/report.ts';
import { exceptionEvent } from '../shared/core/telemetry/events.ts';
import { formatTime, parseTime } from '../shared/core/time.ts';
import { check } from './check.ts';
import { deadlineIn, earlier } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { Run, Shell } from './run.ts';
import { readSettings, type Settings } from './settings.ts';
import { incidentStore } from './shell/incident-store/incident-store.ts';
import { type Kubernetes, kubernetes } from './shell/kubernetes.ts';
import { log } from './shell/log.ts';
import { readSecret } from './shell/secrets.ts';
import { snsRoute } from './shell/sns.ts';
import { RETRIES } from './shell/ssm/persist.ts';
import { runCommand } from './shell/ssm/run-command.ts';
import { traceCalls } from './shell/ssm/traced.ts';
import { startTelemetry, type Telemetry } from './shell/telemetry/telemetry.ts';

/** What Lambda tells of an invocation, as far as it is used here. */
export interface Context {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  readonly functionVersion: string;
  readonly logStreamName?: string;
  getRemainingTimeInMillis(): number;
}

/** Kept free at the end of an invocation for state, pages and telemetry. */
const RESERVE_MS = 8000;

/** Kept free of the above for telemetry alone. */
const TELEMETRY_MS = 3000;

const eventSchema = z.object({ scheduledTime: z.optional(z.string()) });

/** Read and made once, at cold start: a wrong setting fails the first invocation by its name. */
const warm: { world?: World } = {};

/** Runs one check; returns the `--json` document. */
export async function handler(event: unknown, context: Context): Promise<Report> {
  const coldstart = warm.world === undefined;
  const world = (warm.world ??= createWorld(context));
  const { telemetry } = world;
  try {
    return await telemetry.span(
      'function',
      {
        'faas.trigger': 'timer',
        'faas.coldstart': coldstart,
        'faas.invocation_id': context.awsRequestId,
        'faas.instance': context.logStreamName,
      },
      async () => await checkOnce(world, event, context),
    );
  } finally {
    for (const failure of await telemetry.flush(context.getRemainingTimeInMillis())) {
      log('telemetry.undelivered', { ...failure });
    }
  }
}

async function checkOnce(world: World, event: unknown, context: Context): Promise<Report> {
  const { settings, telemetry } = world;
  const { cluster } = settings;
  const end = earlier(deadlineIn(context.getRemainingTimeInMillis()), TELEMETRY_MS);
  try {
    const access = await openKubernetes(world, end);
    const run: Run = {
      shell: { ...world.shell, kubernetes: access.api },
      settings,
      scheduledTime: tickOf(event),
      // Lambda may deliver one event twice, and then both have one request id.
      id: randomUUID(),
      now: Date.now(),
      deadline: earlier(end, RESERVE_MS - TELEMETRY_MS),
      end,
      problems: access.problems,
    };
    const attributes = { 'k8s.cluster.name': cluster };
    return await telemetry.span('vtepwatch.check', attributes, async () => await check(run));
  } catch (error) {
    log('run.failed', { cluster, error: errorText(error) });
    telemetry.emit([
      exceptionEvent(cluster, error instanceof Error ? error : new Error(String(error))),
    ]);
    throw error;
  }
}

/** How far a schedule's clock may be ahead of this one. */
const AHEAD_MS = 300_000;

/** Ticks are compared as text, so all are written in one way; a wrong one would shut out the others. */
function tickOf(event: unknown): string {
  const { scheduledTime } = eventSchema.parse(event ?? {});
  const time = scheduledTime === undefined ? Date.now() : parseTime(scheduledTime);
  const ahead = (time ?? 0) - Date.now();
  if (time !== undefined && ahead < AHEAD_MS) return formatTime(time);
  throw new Error(
    `reading the event: scheduledTime is not ISO 8601 in UTC, or lies ahead: ${scheduledTime}`,
  );
}

interface World {
  readonly settings: Settings;
  readonly ssm: SSMClient;
  readonly telemetry: Telemetry;
  readonly shell: Omit<Shell, 'kubernetes'>;
  kubernetes?: Kubernetes;
}

/**
 * Bounds one try of a call, so that the client tries again. By default it would wait for as long as
 * the run lasts on a connection that has died in silence, as they do while a function is frozen.
 */
const HTTP = {
  requestHandler: {
    connectionTimeout: 2000,
    requestTimeout: 5000,
    throwOnRequestTimeout: true,
  },
} as const;

function createWorld(context: Context): World {
  const settings = readSettings(process.env);
  const ssm = new SSMClient({ ...HTTP, ...RETRIES });
  const { otlpHeadersParameter, table, cluster, topicArn, document } = settings;
  const telemetry = startTelemetry({
    environment: process.env,
    functionArn: context.invokedFunctionArn,
    functionVersion: context.functionVersion,
    readHeaders:
      otlpHeadersParameter === undefined
        ? undefined
        : async () => readHeaders(ssm, otlpHeadersParameter),
  });
  traceCalls(ssm, telemetry);
  return {
    settings,
    ssm,
    telemetry,
    shell: {
      ssm: runCommand(ssm, document),
      store: incidentStore({ client: new DynamoDBClient(HTTP), table, cluster }),
      routes: [snsRoute(new SNSClient(HTTP), topicArn)],
      telemetry,
    },
  };
}

/** How long a secret may take to come. */
const SECRET_MS = 3000;

const headersSchema = z.record(z.string(), z.string());

/** A SecureString with a JSON object: `{"authorization": "Bearer …"}`. */
async function readHeaders(ssm: SSMClient, name: string): Promise<Record<string, string>> {
  const secret = await readSecret(ssm, name, deadlineIn(SECRET_MS));
  try {
    return headersSchema.parse(JSON.parse(secret));
  } catch {
    // The error itself could quote the secret.
    throw new Error(`reading the parameter ${name}: it is not a JSON object of header values`);
  }
}

/** Without Kubernetes a run judges by the hosts alone, and says so. */
async function openKubernetes(
  world: World,
  end: { readonly at: number },
): Promise<{ readonly api: Kubernetes | undefined; readonly problems: Run['problems'] }> {
  const { settings, ssm } = world;
  if (settings.kubeconfig === undefined) return { api: undefined, problems: [] };
  try {
    const source = settings.kubeconfig;
    world.kubernetes ??= await kubernetes(
      source.kind === 'file'
        ? await readFile(source.path, 'utf8')
        : await readSecret(ssm, source.name, end),
    );
    return { api: world.kubernetes, problems: [] };
  } catch (error) {
    const message = `opening the cluster's API: ${errorText(error)}`;
    return { api: undefined, problems: [{ where: 'kubernetes', message }] };
  }
}
