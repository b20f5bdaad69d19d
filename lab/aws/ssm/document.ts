import * as z from 'zod/mini';
import { clientError } from '../aws-json.ts';
import { compileRe2 } from './re2.ts';

/**
 * A Run Command document of one shell step, schema 2.2. The lab runs no others and says so when it
 * is given one.
 */
export interface Document {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, DocumentParameter>;
  readonly step: string;
  /** What the step's `StringEquals: ['platformType', …]` asks for. */
  readonly platform: string | undefined;
  readonly runCommand: readonly string[];
  readonly executionSeconds: number;
}

interface DocumentParameter {
  /** A `StringList` takes any number of values, each of which becomes a line. */
  readonly isList: boolean;
  readonly fallback: string | undefined;
  readonly allowed: RegExp | undefined;
  readonly allowedPattern: string | undefined;
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference — MaxDocumentSizeExceeded. */
const DOCUMENT_LIMIT_BYTES = 64 * 1024;

/** https://github.com/aws/amazon-ssm-agent/blob/1c217c89/agent/plugins/pluginutil/pluginutil.go (ValidateExecutionTimeout) */
const EXECUTION_SECONDS = { least: 5, most: 172_800, otherwise: 3600 } as const;

const schema = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.optional(z.string()),
  parameters: z.optional(
    z.record(
      z.string().check(z.regex(/^[a-zA-Z0-9]+$/)),
      z.strictObject({
        type: z.enum(['String', 'StringList']),
        description: z.optional(z.string()),
        default: z.optional(z.string()),
        allowedPattern: z.optional(z.string()),
      }),
    ),
  ),
  mainSteps: z.tuple([
    z.strictObject({
      action: z.literal('aws:runShellScript'),
      name: z.string().check(z.regex(/^[\w.-]{3,128}$/)),
      precondition: z.optional(
        z.strictObject({ StringEquals: z.tuple([z.literal('platformType'), z.string()]) }),
      ),
      inputs: z.strictObject({
        timeoutSeconds: z.optional(z.string()),
        runCommand: z.array(z.string()),
      }),
    }),
  ]),
});

/** Throws for a document that the service would not take, or that no agent could run. */
export function readDocument(name: string, raw: object): Document {
  const bytes = Buffer.byteLength(JSON.stringify(raw));
  if (bytes > DOCUMENT_LIMIT_BYTES) {
    throw new Error(`Document ${name} has ${bytes} bytes; SSM takes ${DOCUMENT_LIMIT_BYTES}.`);
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new Error(`Document ${name}: ${z.prettifyError(parsed.error)}`);
  const [step] = parsed.data.mainSteps;
  const parameters = new Map(
    Object.entries(parsed.data.parameters ?? {}).map(([key, parameter]) => [
      key,
      {
        isList: parameter.type === 'StringList',
        fallback: parameter.default,
        allowedPattern: parameter.allowedPattern,
        allowed: compilePattern(`${name}, parameter ${key}`, parameter.allowedPattern),
      },
    ]),
  );
  for (const line of step.inputs.runCommand) {
    for (const [, used = ''] of line.matchAll(/\{\{\s*([a-zA-Z0-9]+)\s*\}\}/g)) {
      if (!parameters.has(used)) throw new Error(`Document ${name} declares no {{ ${used} }}.`);
    }
  }
  return {
    name,
    parameters,
    step: step.name,
    platform: step.precondition?.StringEquals[1],
    runCommand: step.inputs.runCommand,
    executionSeconds: executionSecondsOf(step.inputs.timeoutSeconds),
  };
}

/**
 * The values that a command runs with: those given and, for the rest, the defaults. Throws the
 * service's InvalidParameters.
 */
export function checkParameters(
  document: Document,
  given: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, string> {
  for (const name of Object.keys(given)) {
    if (!document.parameters.has(name)) {
      throw clientError('InvalidParameters', `Parameter "${name}" is not in ${document.name}.`);
    }
  }
  const values = new Map<string, string>();
  for (const [name, parameter] of document.parameters) {
    const list = given[name] ?? (parameter.fallback === undefined ? [] : [parameter.fallback]);
    const value = parameter.isList ? list.join('\n') : list[0];
    if (value === undefined || (!parameter.isList && list.length > 1) || list.length === 0) {
      throw clientError('InvalidParameters', `Parameter "${name}" of type String takes one value.`);
    }
    if (parameter.allowed?.test(value) === false) {
      throw clientError(
        'InvalidParameters',
        `Parameter "${name}" has value "${value}" not matching "${parameter.allowedPattern ?? ''}".`,
      );
    }
    values.set(name, value);
  }
  return values;
}

/**
 * The script with the parameters put in as text, all at once, so that a value that looks like a
 * parameter is not replaced again, and with the agent's `$$` for `$`.
 * https://github.com/aws/amazon-ssm-agent/blob/1c217c89/agent/framework/docparser/parameters/parameters.go (ReplaceParameter)
 */
export function scriptOf(document: Document, values: ReadonlyMap<string, string>): string {
  const lines = document.runCommand.map((line) =>
    line.replaceAll(/\{\{\s*([a-zA-Z0-9]+)\s*\}\}/g, (token, name: string) => {
      const value = values.get(name);
      if (value === undefined) return token;
      // A line that is the parameter alone becomes the value itself, without that replacement.
      return line === token ? value : value.replaceAll('$$', () => '$');
    }),
  );
  return `${lines.join('\n')}\n`;
}

function compilePattern(where: string, pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined;
  try {
    return compileRe2(pattern);
  } catch (cause) {
    throw new Error(`allowedPattern of document ${where}`, { cause });
  }
}

function executionSecondsOf(text: string | undefined): number {
  const seconds = Number(text);
  const { least, most, otherwise } = EXECUTION_SECONDS;
  return seconds >= least && seconds <= most ? Math.trunc(seconds) : otherwise;
}
