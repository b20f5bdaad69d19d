import * as z from 'zod/mini';
import {
  ENVIRONMENT,
  type Limits,
  limitsSchema,
  type Targets,
  targetsSchema,
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
}

export type KubeconfigSource =
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

export type Environment = Readonly<Record<string, string | undefined>>;

const clusterSchema = z
  .string()
  .check(z.regex(/^[^\p{C}/#]{1,100}$/u, 'up to 100 printable characters without / and #'));
const documentSchema = z
  .string()
  .check(z.regex(/^[a-zA-Z0-9_.:/-]{3,1600}$/, 'a document name or ARN'));
const tableSchema = z.string().check(z.regex(/^[a-zA-Z0-9_.-]{3,255}$/, 'a table name'));
const topicSchema = z
  .string()
  .check(z.regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:.{1,256}$/, 'the ARN of an SNS topic'));

/**
 * Reads the settings once, at cold start. Throws an error that names the variable, what is wrong
 * with it, and what is allowed.
 */
export function readSettings(environment: Environment): Settings {
  const { kubeconfigParameter, kubeconfigFile, otlpHeadersParameter } = ENVIRONMENT;
  return {
    cluster: text(environment, ENVIRONMENT.cluster, clusterSchema),
    targets: json(environment, ENVIRONMENT.targets, targetsSchema),
    document: text(environment, ENVIRONMENT.document, documentSchema),
    table: text(environment, ENVIRONMENT.table, tableSchema),
    topicArn: text(environment, ENVIRONMENT.topicArn, topicSchema),
    limits: json({ [ENVIRONMENT.limits]: '{}', ...environment }, ENVIRONMENT.limits, limitsSchema),
    kubeconfig: kubeconfigSource(environment[kubeconfigParameter], environment[kubeconfigFile]),
    otlpHeadersParameter: environment[otlpHeadersParameter] || undefined,
  };
}

function kubeconfigSource(
  parameter: string | undefined,
  file: string | undefined,
): KubeconfigSource | undefined {
  if (parameter) return { kind: 'parameter', name: parameter };
  return file ? { kind: 'file', path: file } : undefined;
}

function text<T>(environment: Environment, name: string, schema: z.ZodMiniType<T>): T {
  return checked(name, required(environment, name), schema);
}

function json<T>(environment: Environment, name: string, schema: z.ZodMiniType<T>): T {
  const value = required(environment, name);
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw new Error(`environment variable ${name} is not JSON: ${value.slice(0, 80)}`, { cause });
  }
  return checked(name, parsed, schema);
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw new Error(`environment variable ${name} is missing or empty`);
  }
  return value;
}

function checked<T>(name: string, value: unknown, schema: z.ZodMiniType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`environment variable ${name} is wrong:\n${z.prettifyError(result.error)}`);
}
