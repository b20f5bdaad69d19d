import * as z from 'zod/mini';
import {
  clusterNameSchema,
  ENVIRONMENT,
  PROCESS_VARIABLES,
  limitsSchema,
  listOf,
  mapOf,
  matching,
  only,
  otelValueSchema,
  otlpPointsSchema,
  parameterSchema,
  probeSettingsSchema,
  type Reading,
  readSetting,
  runbookSchema,
  tagKeySchema,
  tagValueSchema,
  tagValuesSchema,
  type Targets,
  webAddressSchema,
  wholeNumber,
} from '../shared/contract/settings.ts';
import { networkSettings, stackSettings, topicSchema } from './stack-settings.ts';

/** Headers hold secrets: they are read from a SecureString, and never stand in a template. */
const OTEL_VARIABLE = matching(
  /^OTEL_(?!.*HEADERS)[A-Z0-9_]{1,100}$/,
  'be an OTEL_ variable other than those for headers, which headersParameter is for',
);
const OTEL_VALUE = matching(/^[\x20-\x7e]{1,1024}$/, 'be 1 to 1024 printable characters');

const EMAIL = matching(
  /^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$/,
  'be an e-mail address, for example oncall@example.com',
);
const EMAILS = listOf(EMAIL, { least: 0, most: 20, words: 'be a list of up to 20 addresses' });

const keys = only({
  name: clusterNameSchema,
  /** A host with all these tags belongs to the cluster; of several values of a tag one is enough. */
  tags: mapOf(
    tagKeySchema,
    z.union([tagValueSchema, tagValuesSchema], 'be a tag value, or a list of 1 to 50 of them'),
    { least: 1, most: 5, words: 'be 1 to 5 pairs, for example { "vtepwatch": "prod" }' },
  ),
  ...stackSettings,
  ...probeSettingsSchema.shape,
  /** Minutes between two runs. Below 5, set the agents' clean-up first: docs/deploy.md. */
  scheduleMinutes: z._default(wholeNumber(1, 60), 5),
  limits: z.prefault(limitsSchema, {}),
  /** SecureString with a kubeconfig that may list nodes and pods: `infra/rbac.yaml`. */
  kubeconfigParameter: z.optional(parameterSchema),
  /** The OTLP backend. Default: none. */
  telemetry: z.optional(
    only({
      /** OTLP over HTTP; `/v1/metrics`, `/v1/logs` and `/v1/traces` are appended. */
      endpoint: z.optional(webAddressSchema),
      /** OpenTelemetry's own variables, for a backend that needs more than an endpoint, such as one
       * that takes metrics only. */
      variables: z._default(
        mapOf(OTEL_VARIABLE, OTEL_VALUE, {
          least: 0,
          most: 30,
          words: 'be up to 30 variables',
        }).check(({ value, issues }) => {
          for (const [name, text] of Object.entries(value)) {
            const trouble = otelValueSchema(name).safeParse(text).error?.issues[0];
            if (trouble === undefined) continue;
            issues.push({ code: 'custom', path: [name], message: trouble.message, input: text });
          }
        }),
        {},
      ),
      /** SecureString with a JSON object of headers, such as the backend's token. */
      headersParameter: z.optional(parameterSchema),
      /** How many points of metrics one request carries at most. Default: 1000. */
      pointsPerRequest: z.optional(otlpPointsSchema),
    }),
  ),
  /** Who gets the pages, besides other subscribers of the topic. */
  paging: z.prefault(
    only({
      /** Subscribed to the topic; SNS asks each address to confirm. */
      emails: z._default(EMAILS, []),
      /** A topic of yours in the stack's Region, to which pages go. Default: one of the stack. */
      topicArn: z.optional(topicSchema),
      pagerDuty: z.optional(
        only({
          /** SecureString with the routing key of an Events API v2 integration. */
          parameter: parameterSchema,
          /** Default: https://events.pagerduty.com/v2/enqueue. */
          url: z.optional(webAddressSchema),
        }),
      ),
      /** Pages are posted to it as JSON. It has one of the two keys. */
      webhook: z.optional(
        only({
          /** SecureString with the URL. */
          parameter: z.optional(parameterSchema),
          /** The URL, if it is not secret. */
          url: z.optional(webAddressSchema),
        }).check(
          z.refine(
            ({ parameter, url }) => (parameter === undefined) !== (url === undefined),
            'have either the key parameter or the key url',
          ),
        ),
      ),
    }),
    {},
  ),
  /** Called after each completed run: a dead man's switch outside this account. */
  heartbeatUrl: z.optional(webAddressSchema),
  /** Who is notified of alarms about vtepwatch itself. */
  alarmEmails: z._default(EMAILS, []),
  /** Subscribed to the alarms by https: a pager's own integration for CloudWatch. They stand in the template. */
  alarmUrls: z._default(
    listOf(
      matching(
        /^https:\/\/[^\s\p{C}@#]{1,500}$/u,
        'be an https URL, for example https://events.pagerduty.com/integration/KEY/enqueue',
      ),
      { least: 0, most: 5, words: 'be a list of up to 5 URLs' },
    ),
    [],
  ),
  /** The runbook's place in pages and alarms. */
  runbook: z._default(runbookSchema, 'RUNBOOK.md'),
  /** Needed if the API server or the collector can be reached only from a VPC. Default: no VPC. */
  vpc: z.optional(
    only({
      subnetIds: listOf(matching(/^subnet-[0-9a-f]{8,17}$/, 'be a subnet id, subnet-...'), {
        least: 1,
        most: 16,
        words: 'be a list of 1 to 16 subnet ids',
      }),
      securityGroupIds: listOf(matching(/^sg-[0-9a-f]{8,17}$/, 'be a security group id, sg-...'), {
        least: 1,
        most: 5,
        words: 'be a list of 1 to 5 security group ids',
      }),
    }),
  ),
  network: z.prefault(networkSettings, {}),
  /** The function's memory, to which Lambda proportions its processor. Use 1024 from 2,000 hosts and
   * 2048 from 4,000: most runs need half of it, but a partitioned cluster needs all of it. */
  memoryMebibytes: z._default(wholeNumber(256, 3008), 512),
});

/** The settings of one cluster. Each key is described where it stands. */
export const clusterSchema = keys.check(
  ({ value, issues }) => {
    const { answerSeconds, secondLookSeconds } = value.limits;
    const most = timeoutSeconds(value) - OTHER_WORK_SECONDS;
    if (answerSeconds + secondLookSeconds <= most) return;
    const message = `have answerSeconds and secondLookSeconds that add up to ${most} or less`;
    issues.push({ code: 'custom', path: ['limits'], message, input: value.limits });
  },
  ({ value, issues }) => {
    const variables = Object.entries(environmentOf(value, NAMED_AT_LENGTH)).flat();
    const bytes = Buffer.byteLength(variables.join(''));
    if (bytes <= ENVIRONMENT_BYTES) return;
    const message = `fit in ${ENVIRONMENT_BYTES} bytes of environment variables, and takes ${bytes}: shorten its tags, telemetry.variables or addresses`;
    issues.push({ code: 'custom', path: [], message, input: value });
  },
);

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ENVIRONMENT_BYTES = 4096;

/** What a run does beside its two looks: it sends, lists, stores, pages and exports telemetry. */
const OTHER_WORK_SECONDS = 13;

/** The function's timeout: shorter than the schedule, so that the next run finds the lease free. */
export function timeoutSeconds({ scheduleMinutes }: Pick<Cluster, 'scheduleMinutes'>): number {
  return Math.min(scheduleMinutes * 60 - 5, 120);
}

/** What the stack makes for the function. */
interface FunctionNeeds {
  readonly document: string;
  readonly table: string;
  readonly topicArn: string;
}

/** As long as CloudFormation makes these names, for the longest name of a cluster. */
const NAMED_AT_LENGTH: FunctionNeeds = {
  document: 'd'.repeat(120),
  table: 't'.repeat(120),
  topicArn: 'a'.repeat(180),
};

/** The function's environment, from which the function reads its settings again. */
export function environmentOf(
  cluster: Cluster,
  { document, table, topicArn }: FunctionNeeds,
): Record<string, string> {
  const { name, tags, limits, kubeconfigParameter, telemetry, paging, heartbeatUrl, runbook } =
    cluster;
  const { caCertificates, httpsProxy, noProxy } = cluster.network;
  const { pagerDuty, webhook } = paging;
  const variables: Readonly<Record<string, string | undefined>> = {
    [ENVIRONMENT.cluster]: name,
    [ENVIRONMENT.targets]: JSON.stringify(targetsOf(tags)),
    [ENVIRONMENT.document]: document,
    [ENVIRONMENT.table]: table,
    [ENVIRONMENT.topicArn]: topicArn,
    [ENVIRONMENT.limits]: JSON.stringify(limits),
    [ENVIRONMENT.kubeconfigParameter]: kubeconfigParameter,
    [ENVIRONMENT.otlpHeadersParameter]: telemetry?.headersParameter,
    [ENVIRONMENT.otlpPoints]: telemetry?.pointsPerRequest?.toString(),
    [ENVIRONMENT.pagerDutyParameter]: pagerDuty?.parameter,
    [ENVIRONMENT.pagerDutyUrl]: pagerDuty?.url,
    [ENVIRONMENT.webhookParameter]: webhook?.parameter,
    [ENVIRONMENT.webhookUrl]: webhook?.url,
    [ENVIRONMENT.heartbeatUrl]: heartbeatUrl,
    [ENVIRONMENT.runbook]: runbook,
    [ENVIRONMENT.caCertificates]: caCertificates,
    [ENVIRONMENT.httpsProxy]: httpsProxy,
    [ENVIRONMENT.noProxy]: noProxy,
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry?.endpoint,
    ...telemetry?.variables,
    ...PROCESS_VARIABLES,
    ...(cluster.sourceMaps
      ? { NODE_OPTIONS: `${PROCESS_VARIABLES.NODE_OPTIONS} --enable-source-maps` }
      : {}),
  };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    ),
  );
}

function targetsOf(tags: Cluster['tags']): Targets {
  return Object.entries(tags).map(([key, values]) => ({
    Key: `tag:${key}`,
    Values: [values].flat(),
  }));
}

/** A cluster's settings, read: with every default in its place. */
export type Cluster = z.output<typeof keys>;

/** A cluster's settings, as they are written. */
export type ClusterSettings = z.input<typeof keys>;

/** Lists the wrong keys, for a person: a stack trace would not help. */
export class SettingsError extends Error {
  constructor(troubles: readonly string[]) {
    super(['These settings are wrong:', ...troubles].join('\n  '));
  }
}

/** Where no secret belongs, so that a wrong value can be repeated. */
const SHOWN =
  /^\.(name|tags|account|region|deviceProfile|packets|kubeconfigPaths|scheduleMinutes|limits|memoryMebibytes|vpc|logRetentionDays|resourceTags|operators|sourceMaps|telemetry\.pointsPerRequest|\w+Arns?)\b/;

/** Reads the settings of one cluster. Each trouble begins with `place` and the cluster's name. */
export function readCluster(settings: unknown, place: string): Reading<Cluster> {
  const where = [place, ...nameIn(settings)].join(' ');
  return readSetting(clusterSchema, settings, {
    subjectOf: (key) => (key === '' ? where : `${where}: ${key.replace(/^\./, '')}`),
    isShown: (key) => SHOWN.test(key),
  });
}

/** A person finds a cluster faster by its name than by its number. */
function nameIn(settings: unknown): readonly string[] {
  const name = clusterNameSchema.safeParse(Object(settings).name);
  return name.success ? [`("${name.data}")`] : [];
}
