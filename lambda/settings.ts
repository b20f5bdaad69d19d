import type * as z from 'zod/mini';
import {
  certificatesSchema,
  clusterNameSchema,
  documentSchema,
  ENVIRONMENT,
  type Limits,
  limitsSchema,
  OTLP_POINTS_DEFAULT,
  otlpPointsSchema,
  parameterSchema,
  readSetting,
  runbookSchema,
  tableSchema,
  type Targets,
  targetsSchema,
  topicArnSchema,
  webAddressSchema,
} from '../shared/contract/settings.ts';

/** Where things are, and how strict to be. */
export interface Settings {
  readonly cluster: string;
  readonly targets: Targets;
  readonly document: string;
  readonly table: string;
  readonly topicArn: string;
  readonly limits: Limits;
  /** Where the cluster's kubeconfig is; undefined where there is no access to Kubernetes. */
  readonly kubeconfig: KubeconfigSource | undefined;
  /** Name of the SecureString with the headers for OTLP. */
  readonly otlpHeadersParameter: string | undefined;
  /** How many points of metrics one request carries at most. */
  readonly otlpPoints: number;
  /** Undefined where no page goes to PagerDuty. */
  readonly pagerDuty: PagerDutySettings | undefined;
  /** Where pages are posted to as JSON; undefined where they are not. */
  readonly webhook: WebhookSource | undefined;
  /** What is called after each completed run. */
  readonly heartbeatUrl: string | undefined;
  /** Where pages say that the runbook is: a URL, or a path that the person on call knows. */
  readonly runbook: string | undefined;
  /** PEM; undefined where the certificates of the public authorities suffice. */
  readonly caCertificates: string | undefined;
}

interface PagerDutySettings {
  /** Name of the SecureString with the routing key. */
  readonly parameter: string;
  readonly url: string;
}

type WebhookSource =
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'url'; readonly url: string };

type KubeconfigSource =
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** https://developer.pagerduty.com/docs/events-api-v2-overview */
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

/**
 * Reads the settings once, at cold start. Throws an error that names the variable and what it must
 * be. It does not repeat the value: an address may hold a token.
 */
export function readSettings(environment: Environment): Settings {
  const { kubeconfigParameter, otlpHeadersParameter, kubeconfigFile } = ENVIRONMENT;
  return {
    cluster: required(environment, ENVIRONMENT.cluster, clusterNameSchema),
    targets: json(environment, ENVIRONMENT.targets, targetsSchema),
    document: required(environment, ENVIRONMENT.document, documentSchema),
    table: required(environment, ENVIRONMENT.table, tableSchema),
    topicArn: required(environment, ENVIRONMENT.topicArn, topicArnSchema),
    limits: json({ [ENVIRONMENT.limits]: '{}', ...environment }, ENVIRONMENT.limits, limitsSchema),
    kubeconfig: kubeconfigSource(
      optional(environment, kubeconfigParameter, parameterSchema),
      environment[kubeconfigFile],
    ),
    otlpHeadersParameter: optional(environment, otlpHeadersParameter, parameterSchema),
    otlpPoints: json(
      { [ENVIRONMENT.otlpPoints]: String(OTLP_POINTS_DEFAULT), ...environment },
      ENVIRONMENT.otlpPoints,
      otlpPointsSchema,
    ),
    pagerDuty: pagerDutySettings(environment),
    webhook: webhookSource(environment),
    heartbeatUrl: optional(environment, ENVIRONMENT.heartbeatUrl, webAddressSchema),
    runbook: optional(environment, ENVIRONMENT.runbook, runbookSchema),
    caCertificates: optional(environment, ENVIRONMENT.caCertificates, certificatesSchema),
  };
}

function pagerDutySettings(environment: Environment): PagerDutySettings | undefined {
  const parameter = optional(environment, ENVIRONMENT.pagerDutyParameter, parameterSchema);
  const url = optional(environment, ENVIRONMENT.pagerDutyUrl, webAddressSchema) ?? PAGERDUTY_URL;
  return parameter === undefined ? undefined : { parameter, url };
}

function webhookSource(environment: Environment): WebhookSource | undefined {
  const name = optional(environment, ENVIRONMENT.webhookParameter, parameterSchema);
  const url = optional(environment, ENVIRONMENT.webhookUrl, webAddressSchema);
  if (name !== undefined) return { kind: 'parameter', name };
  return url === undefined ? undefined : { kind: 'url', url };
}

function kubeconfigSource(
  parameter: string | undefined,
  file: string | undefined,
): KubeconfigSource | undefined {
  if (parameter !== undefined) return { kind: 'parameter', name: parameter };
  return file ? { kind: 'file', path: file } : undefined;
}

/** A variable that may be unset; an empty one counts as unset. */
function optional<Schema extends z.ZodMiniType>(
  environment: Environment,
  name: string,
  schema: Schema,
): z.output<Schema> | undefined {
  const value = environment[name];
  return value ? checked(name, value, schema) : undefined;
}

function required<Schema extends z.ZodMiniType>(
  environment: Environment,
  name: string,
  schema: Schema,
): z.output<Schema> {
  return checked(name, environment[name], schema);
}

function json<Schema extends z.ZodMiniType>(
  environment: Environment,
  name: string,
  schema: Schema,
): z.output<Schema> {
  return checked(name, parsed(environment[name]), schema);
}

/** Text that is not JSON stays text, of which the schema says what it must be. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function checked<Schema extends z.ZodMiniType>(
  name: string,
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const reading = readSetting(schema, value, {
    subjectOf: (key) => `environment variable ${name}${key}`,
  });
  if (reading.kind === 'wrong') throw new Error(reading.troubles.join('\n'));
  return reading.value;
}
