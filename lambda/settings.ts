import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';
import {
  ENVIRONMENT,
  type Limits,
  limitsSchema,
  type Targets,
  targetsSchema,
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
  /** Undefined where PagerDuty is not told. */
  readonly pagerDuty: PagerDutySettings | undefined;
  /** Where pages are posted to as JSON; undefined where they are not. */
  readonly webhook: WebhookSource | undefined;
  /** What is called after each completed run. */
  readonly heartbeatUrl: string | undefined;
  /** Where pages say that the runbook is: a URL, or a path that whoever is woken knows. */
  readonly runbook: string | undefined;
}

export interface PagerDutySettings {
  /** Name of the SecureString with the routing key. */
  readonly parameter: string;
  readonly url: string;
}

export type WebhookSource =
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'url'; readonly url: string };

export type KubeconfigSource =
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a variable may hold: as the program checks it, and as a person is told. */
interface Allowed<T> {
  readonly schema: z.ZodMiniType<T>;
  readonly words: string;
}

const CLUSTER = matching(/^[^\p{C}/#]{1,100}$/u, 'up to 100 printable characters without / and #');
const DOCUMENT = matching(/^[a-zA-Z0-9_.:/-]{3,1600}$/, 'a document name or ARN');
const TABLE = matching(/^[a-zA-Z0-9_.-]{3,255}$/, 'a table name');
const TOPIC = matching(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:.{1,256}$/, 'the ARN of an SNS topic');
const TARGETS: Allowed<Targets> = {
  schema: targetsSchema,
  words: 'a JSON array of SSM targets, [{"Key":"tag:...","Values":["..."]}]',
};
const LIMITS: Allowed<Limits> = {
  schema: limitsSchema,
  words: `a JSON object with numbers for any of ${Object.keys(limitsSchema.shape).join(', ')}`,
};

const RUNBOOK = matching(/^[^\s#\p{C}]{1,300}$/u, 'a path or URL without spaces and #');

const WEB_ADDRESS: Allowed<string> = {
  schema: webAddressSchema,
  words: 'an http or https URL without user and password',
};

/** https://developer.pagerduty.com/docs/events-api-v2-overview */
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

/**
 * Reads the settings once, at cold start. Throws an error that names the variable, what is wrong
 * with it, and what is allowed.
 */
export function readSettings(environment: Environment): Settings {
  const { kubeconfigParameter, kubeconfigFile, otlpHeadersParameter } = ENVIRONMENT;
  return {
    cluster: text(environment, ENVIRONMENT.cluster, CLUSTER),
    targets: json(environment, ENVIRONMENT.targets, TARGETS),
    document: text(environment, ENVIRONMENT.document, DOCUMENT),
    table: text(environment, ENVIRONMENT.table, TABLE),
    topicArn: text(environment, ENVIRONMENT.topicArn, TOPIC),
    limits: json({ [ENVIRONMENT.limits]: '{}', ...environment }, ENVIRONMENT.limits, LIMITS),
    kubeconfig: kubeconfigSource(environment[kubeconfigParameter], environment[kubeconfigFile]),
    otlpHeadersParameter: environment[otlpHeadersParameter] || undefined,
    pagerDuty: pagerDutySettings(environment),
    webhook: webhookSource(environment),
    heartbeatUrl: webAddress(environment, ENVIRONMENT.heartbeatUrl),
    runbook: runbookPlace(environment),
  };
}

function runbookPlace(environment: Environment): string | undefined {
  const value = environment[ENVIRONMENT.runbook];
  return value ? checked(ENVIRONMENT.runbook, value, RUNBOOK) : undefined;
}

function pagerDutySettings(environment: Environment): PagerDutySettings | undefined {
  const parameter = environment[ENVIRONMENT.pagerDutyParameter];
  const url = webAddress(environment, ENVIRONMENT.pagerDutyUrl) ?? PAGERDUTY_URL;
  return parameter ? { parameter, url } : undefined;
}

function webhookSource(environment: Environment): WebhookSource | undefined {
  const name = environment[ENVIRONMENT.webhookParameter];
  const url = webAddress(environment, ENVIRONMENT.webhookUrl);
  if (name) return { kind: 'parameter', name };
  return url === undefined ? undefined : { kind: 'url', url };
}

/** An optional address. It may hold a token, so what is wrong with it is told without it. */
function webAddress(environment: Environment, name: string): string | undefined {
  return environment[name] ? text(environment, name, WEB_ADDRESS) : undefined;
}

function matching(pattern: RegExp, words: string): Allowed<string> {
  return { schema: z.string().check(z.regex(pattern, 'Malformed')), words };
}

function kubeconfigSource(
  parameter: string | undefined,
  file: string | undefined,
): KubeconfigSource | undefined {
  if (parameter) return { kind: 'parameter', name: parameter };
  return file ? { kind: 'file', path: file } : undefined;
}

function text<T>(environment: Environment, name: string, allowed: Allowed<T>): T {
  return checked(name, required(environment, name, allowed), allowed);
}

function json<T>(environment: Environment, name: string, allowed: Allowed<T>): T {
  const value = required(environment, name, allowed);
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw wrong(name, `is not JSON: ${value.slice(0, 80)}`, { allowed, cause });
  }
  return checked(name, parsed, allowed);
}

function required<T>(environment: Environment, name: string, allowed: Allowed<T>): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw wrong(name, 'is missing or empty', { allowed });
  }
  return value;
}

function checked<T>(name: string, value: unknown, allowed: Allowed<T>): T {
  // zod/mini has no words of its own: without a language every message is "Invalid input".
  const result = allowed.schema.safeParse(value, { error: english().localeError });
  if (result.success) return result.data;
  throw wrong(name, `is wrong:\n${z.prettifyError(result.error)}`, { allowed });
}

function wrong<T>(
  name: string,
  what: string,
  { allowed, cause }: { readonly allowed: Allowed<T>; readonly cause?: unknown },
): Error {
  return new Error(`environment variable ${name} ${what}\nAllowed: ${allowed.words}`, { cause });
}
