import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import { SELF_METRICS } from '../shared/contract/self-metrics.ts';
import type { Problem, Report } from '../shared/contract/report.ts';
import type { TestPageResult } from '../shared/contract/test-page.ts';
import { USER_AGENT } from '../shared/contract/version.ts';
import type { OptionalIntegrations } from '../shared/core/report/coverage.ts';
import { exceptionEvent } from '../shared/core/telemetry/events.ts';
import { formatTime } from '../shared/core/time.ts';
import type { KubernetesAccess } from './ask-kubernetes.ts';
import { check } from './check.ts';
import { type Deadline, deadlineIn, earlier, within } from './deadline.ts';
import { errorText, innermostCause } from './error-text.ts';
import { fitResponse } from './fit-response.ts';
import { asksForNoPage, asksForTestPage, tickOf } from './event.ts';
import type { Invocation, Systems } from './invocation.ts';
import { channelsOf } from './channels.ts';
import { readSettings, type Settings } from './settings.ts';
import { subscribersOf } from './subscribers.ts';
import { logMetrics } from './systems/embedded-metrics.ts';
import { incidentStore } from './systems/incident-store/incident-store.ts';
import { withRecollection } from './systems/incident-store/recollection.ts';
import { type Kubernetes, kubernetes } from './systems/kubernetes.ts';
import { log } from './systems/log.ts';
import { PROXY, trust } from './systems/outside.ts';
import { readSecret, SECRET_MS } from './systems/secrets.ts';
import { inventory } from './systems/ssm/inventory.ts';
import { RETRIES } from './systems/ssm/retry-throttled.ts';
import { runCommand } from './systems/ssm/run-command.ts';
import { systemClock } from './systems/system-clock.ts';
import { traceCalls } from './systems/telemetry/client-spans.ts';
import type { FlushFailure } from './systems/telemetry/outlet.ts';
import type { Telemetry } from './systems/telemetry/telemetry.ts';
import { sendTestPage } from './test-page.ts';

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

/** Read and made once, at cold start: a wrong setting fails the first invocation by its name. */
const warm: { world?: World } = {};

/** How long a test page may take on its way. */
const TEST_PAGE_MS = 10_000;

/** Runs one check, and returns the `--json` document; or sends a test page, if asked to. */
export async function handler(event: unknown, context: Context): Promise<Report | TestPageResult> {
  const coldstart = warm.world === undefined;
  const world = (warm.world ??= await createWorld(context));
  const { telemetry } = world;
  const wantsTestPage = asksForTestPage(event);
  try {
    return await telemetry.span(
      'function',
      {
        'faas.trigger': wantsTestPage ? 'other' : 'timer',
        'faas.coldstart': coldstart,
        'faas.invocation.id': context.awsRequestId,
        'faas.invocation.start_time': formatTime(systemClock.now()),
        'faas.instance': context.logStreamName,
        'aws.lambda.invoked_arn': context.invokedFunctionArn,
      },
      async () =>
        wantsTestPage
          ? await testPage(world, context)
          : fitResponse(await checkOnce(world, event, context)),
    );
  } finally {
    const failures = await telemetry.flush(context.getRemainingTimeInMillis());
    if (world.integrations.telemetry) reportFlush(world.settings.cluster, failures);
  }
}

/** Logs what a flush did not deliver, with the metric that the alarm reads. */
function reportFlush(cluster: string, failures: readonly FlushFailure[]): void {
  for (const failure of failures) log('telemetry.undelivered', { ...failure });
  const ofSignals = new Map(failures.map((failure) => [failure.signal, failure]));
  const undelivered = [...ofSignals.values()].reduce(
    (sum, { lost, pending }) => sum + lost + (pending === 'all' ? 1 : pending),
    0,
  );
  const { namespace, dimension, telemetryUndelivered } = SELF_METRICS;
  logMetrics('telemetry.flushed', {
    namespace,
    dimensions: { [dimension]: cluster },
    at: systemClock.now(),
    metrics: [{ name: telemetryUndelivered, unit: 'Count', value: undelivered }],
  });
}

/** When state, pages and answer must be done; telemetry has the rest of the invocation. */
function endOf(context: Context): Deadline {
  return earlier(deadlineIn(context.getRemainingTimeInMillis(), systemClock), TELEMETRY_MS);
}

async function testPage({ settings, systems }: World, context: Context): Promise<TestPageResult> {
  const until = within(TEST_PAGE_MS, endOf(context));
  return await sendTestPage(settings.cluster, systems.channels, until);
}

async function checkOnce(world: World, event: unknown, context: Context): Promise<Report> {
  const { settings, telemetry } = world;
  const { cluster } = settings;
  const end = endOf(context);
  try {
    const { access, problems } = await openKubernetes(world, end);
    const now = end.clock.now();
    const invocation: Invocation = {
      systems: { ...world.systems, kubernetes: access },
      settings,
      integrations: world.integrations,
      scheduledTime: tickOf(event, now),
      ...(asksForNoPage(event) ? { pagesNobody: true } : {}),
      // Lambda may deliver one event twice, and then both have one request id.
      id: randomUUID(),
      now,
      deadline: earlier(end, RESERVE_MS - TELEMETRY_MS),
      end,
      problems,
    };
    const attributes = { 'k8s.cluster.name': cluster };
    return await telemetry.span('vtepwatch.check', attributes, async (annotate) => {
      const report = await check(invocation);
      if (report.refused === undefined) {
        annotate({
          'vtepwatch.host.count': report.hosts.observed.length + report.hosts.unknown.length,
          'vtepwatch.incident.count': report.incidents.filter(({ phase }) => phase === 'open')
            .length,
        });
      }
      return report;
    });
  } catch (error) {
    const text = errorText(error);
    log('run.failed', { cluster, error: text });
    telemetry.emit([exceptionEvent(cluster, { text, cause: innermostCause(error) })]);
    throw error;
  }
}

interface World {
  readonly settings: Settings;
  readonly integrations: OptionalIntegrations;
  readonly ssm: SSMClient;
  readonly telemetry: Telemetry;
  readonly systems: Omit<Systems, 'kubernetes'>;
  /** As last opened, with the kubeconfig by which it was opened. */
  kubernetes?: { readonly kubeconfig: string; readonly api: Kubernetes };
}

/**
 * Bounds one try of a call, so that the client tries again. By default it would wait for as long as
 * the run lasts on a connection that has died in silence, as they do while a function is frozen.
 */
const HTTP = {
  customUserAgent: USER_AGENT,
  requestHandler: {
    httpsAgent: { keepAlive: true, maxSockets: 50, ...PROXY },
    connectionTimeout: 2000,
    requestTimeout: 5000,
    throwOnRequestTimeout: true,
  },
} as const;

/** One item is read or written in a fraction of a second; a try that takes longer has gone astray. */
const DYNAMODB_HTTP = {
  ...HTTP,
  requestHandler: { ...HTTP.requestHandler, connectionTimeout: 1000, requestTimeout: 2500 },
} as const;

async function createWorld(context: Context): Promise<World> {
  const settings = readSettings(process.env);
  if (settings.caCertificates !== undefined) trust(settings.caCertificates);
  // A third of all code, which a wrong setting is told without.
  const { readSignal, SIGNALS } = await import('./systems/telemetry/signals.ts');
  const { startTelemetry } = await import('./systems/telemetry/telemetry.ts');
  const ssm = new SSMClient({ ...HTTP, ...RETRIES });
  const { otlpHeadersParameter, table, cluster, document } = settings;
  const telemetry = startTelemetry({
    environment: process.env,
    clock: systemClock,
    functionArn: context.invokedFunctionArn,
    functionVersion: context.functionVersion,
    cluster,
    pointsMax: settings.otlpPoints,
    readHeaders:
      otlpHeadersParameter === undefined
        ? undefined
        : async () => readHeaders(ssm, otlpHeadersParameter),
  });
  const dynamoDb = new DynamoDBClient(DYNAMODB_HTTP);
  traceCalls(ssm, telemetry);
  traceCalls(dynamoDb, telemetry);
  const channels = channelsOf(settings, { ssm, sns: HTTP, telemetry });
  return {
    settings,
    integrations: {
      telemetry: SIGNALS.some((signal) => readSignal(process.env, signal).kind !== 'off'),
      channels: channels.map(({ name }) => name),
    },
    ssm,
    telemetry,
    systems: {
      ssm: runCommand(ssm, document),
      inventory: inventory(ssm),
      store: withRecollection(incidentStore({ client: dynamoDb, table, cluster })),
      channels,
      subscribers: subscribersOf(channels),
      telemetry,
    },
  };
}

const headersSchema = z.record(z.string(), z.string());

/** A SecureString with a JSON object: `{"authorization": "Bearer …"}`. */
async function readHeaders(ssm: SSMClient, name: string): Promise<Record<string, string>> {
  const secret = await readSecret(ssm, name, deadlineIn(SECRET_MS, systemClock));
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
  end: Deadline,
): Promise<{ readonly access: KubernetesAccess; readonly problems: Invocation['problems'] }> {
  const { settings, ssm, telemetry } = world;
  if (settings.kubeconfig === undefined) {
    return { access: { kind: 'not-configured' }, problems: [] };
  }
  const opened = world.kubernetes;
  const problems: Problem[] = [];
  try {
    // Credentials are rotated while the function stays warm, so every run reads them.
    const kubeconfig = await readKubeconfig(settings.kubeconfig, ssm, end).catch(
      (error: unknown) => {
        if (opened === undefined) throw error;
        problems.push(problemOf('the kubeconfig of an earlier run is used', error));
        return opened.kubeconfig;
      },
    );
    const api =
      opened?.kubeconfig === kubeconfig ? opened.api : await kubernetes(kubeconfig, telemetry);
    world.kubernetes = { kubeconfig, api };
    return { access: { kind: 'open', api }, problems };
  } catch (error) {
    return {
      access: { kind: 'unusable' },
      problems: [problemOf("opening the cluster's API", error)],
    };
  }
}

function problemOf(doing: string, error: unknown): Problem {
  return { where: 'kubernetes', message: `${doing}: ${errorText(error)}` };
}

async function readKubeconfig(
  source: NonNullable<Settings['kubeconfig']>,
  ssm: SSMClient,
  end: Deadline,
): Promise<string> {
  return source.kind === 'file'
    ? await readFile(source.path, 'utf8')
    : await readSecret(ssm, source.name, within(SECRET_MS, end));
}
