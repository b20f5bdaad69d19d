import * as z from 'zod/mini';
import { nearest } from './nearest.ts';

/**
 * What each setting may be. The deployment checks `cdk.json` by it, and the function checks its
 * environment by the same, so that neither takes what the other refuses. Every schema carries the
 * words for a person, which complete the sentence "NAME must ...".
 */

/** The environment variables that the stack sets and the function reads. */
export const ENVIRONMENT = {
  cluster: 'VTEPWATCH_CLUSTER',
  targets: 'VTEPWATCH_TARGETS',
  document: 'VTEPWATCH_DOCUMENT',
  table: 'VTEPWATCH_TABLE',
  topicArn: 'VTEPWATCH_TOPIC_ARN',
  limits: 'VTEPWATCH_LIMITS',
  kubeconfigParameter: 'VTEPWATCH_KUBECONFIG_PARAMETER',
  otlpHeadersParameter: 'VTEPWATCH_OTLP_HEADERS_PARAMETER',
  otlpPoints: 'VTEPWATCH_OTLP_POINTS',
  pagerDutyParameter: 'VTEPWATCH_PAGERDUTY_PARAMETER',
  pagerDutyUrl: 'VTEPWATCH_PAGERDUTY_URL',
  webhookParameter: 'VTEPWATCH_WEBHOOK_PARAMETER',
  webhookUrl: 'VTEPWATCH_WEBHOOK_URL',
  heartbeatUrl: 'VTEPWATCH_HEARTBEAT_URL',
  runbook: 'VTEPWATCH_RUNBOOK',
  caCertificates: 'VTEPWATCH_CA_CERTIFICATES',
  httpsProxy: 'HTTPS_PROXY',
  noProxy: 'NO_PROXY',
  kubeconfigFile: 'KUBECONFIG',
} as const;

/**
 * Variables that the stack sets for the function's process. Node's young generation and the allocator's
 * arenas grow to what a process may have; a run over thousands of hosts takes a third less memory without.
 */
export const PROCESS_VARIABLES = {
  NODE_OPTIONS: '--max-semi-space-size=4',
  MALLOC_ARENA_MAX: '2',
} as const;

/** `VTEPWATCH_CLUSTER`. It stands in keys, pages and telemetry, and names the stack. */
export const clusterNameSchema = matching(
  /^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/,
  'be 1 to 63 letters, digits and . _ -, with a letter or digit first and last, for example prod',
);

/** https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html; SSM's targets take no `+`. */
export const tagKeySchema = matching(
  /^[\p{L}\p{Z}\p{N}_.:/=\-@]{1,128}$/u,
  'be a tag key of 1 to 128 letters, digits, spaces and _ . : / = - @',
);

export const tagValueSchema = matching(
  /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u,
  'be a tag value of 1 to 256 letters, digits, spaces and _ . : / = + - @',
);

/** One tag may have several values, of which any will do. */
export const tagValuesSchema = listOf(tagValueSchema, {
  least: 1,
  most: 50,
  words: 'be a list of 1 to 50 tag values',
});

/**
 * The JSON of `VTEPWATCH_TARGETS`: SSM targets, as SendCommand takes them. Beside `tag:KEY` SSM
 * knows other keys, such as `InstanceIds`.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
 */
export const targetsSchema = listOf(
  only({
    Key: matching(
      /^[\p{L}\p{Z}\p{N}_.:/=\-@]{1,163}$/u,
      'be tag: and a tag key, or another key of an SSM target',
    ),
    Values: tagValuesSchema,
  }),
  {
    least: 1,
    most: 5,
    words: 'be a JSON array of 1 to 5 SSM targets, [{"Key":"tag:...","Values":["..."]}]',
  },
);

export type Targets = z.infer<typeof targetsSchema>;

/** How strict to be, each with its unit in its name. The JSON of `VTEPWATCH_LIMITS`. */
export const limitsSchema = only({
  /** Share of the nodes that must be read before the cluster can be called healthy. */
  quorum: z._default(
    numberOf('be a number above 0 and not above 1', (value) => value > 0 && value <= 1),
    0.5,
  ),
  /** A master that needs longer for `kubectl get nodes` is slow. */
  slowSeconds: seconds(5),
  /** How long a fault of a lone pair must last before it pages. */
  pairPatienceSeconds: seconds(180),
  /** New nodes and freshly booted hosts are not checked before this age. */
  graceSeconds: seconds(120),
  /** How much of the host's own uptime lies between the two looks. */
  secondLookSeconds: seconds(10),
  /** How long the run waits for the hosts' answers to one command. */
  answerSeconds: seconds(25),
  /** A node that no run has seen for this long has left the cluster. */
  rosterDays: z._default(
    numberOf('be a number of days above 0', (value) => value > 0),
    7,
  ),
  /** After how long the page topic and the webhook are reminded of what is still open; absent: never. */
  snsReminderHours: reminderHours(),
  webhookReminderHours: reminderHours(),
});

/** The setting of each channel that can be reminded. PagerDuty escalates by itself, and never is. */
export const REMINDER_LIMITS = {
  sns: 'snsReminderHours',
  webhook: 'webhookReminderHours',
} as const satisfies Readonly<Record<string, keyof Limits>>;

export type ReminderChannel = keyof typeof REMINDER_LIMITS;

export type Limits = z.infer<typeof limitsSchema>;

/**
 * The Parameter Store reads secrets of Secrets Manager under this path.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
 */
const SECRETS_MANAGER = '/aws/reference/secretsmanager/';

/** The name of the secret of Secrets Manager that a parameter stands for; undefined for all others. */
export function secretNameOf(parameter: string): string | undefined {
  return parameter.startsWith(SECRETS_MANAGER)
    ? parameter.slice(SECRETS_MANAGER.length)
    : undefined;
}

/** The variables whose values are names of secrets. */
export const SECRET_VARIABLES = [
  ENVIRONMENT.kubeconfigParameter,
  ENVIRONMENT.otlpHeadersParameter,
  ENVIRONMENT.pagerDutyParameter,
  ENVIRONMENT.webhookParameter,
] as const;

/**
 * The name of a SecureString: the value of each `VTEPWATCH_..._PARAMETER`. Its ARN must fit in 1,011
 * characters, and the Parameter Store has no name that begins with aws or ssm, in whatever case.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
export const parameterSchema = matching(
  /^(?=.{1,900}$)(\/aws\/reference\/secretsmanager(\/[a-zA-Z0-9_.+=@-]+){1,12}|(?!\/?([aA][wW][sS]|[sS]{2}[mM]))((\/[a-zA-Z0-9_.-]+){1,15}|[a-zA-Z0-9_.-]+))$/,
  `be the name of an SSM parameter, such as /vtepwatch/prod/pagerduty, or ${SECRETS_MANAGER} and the name of a secret`,
);

/**
 * An address that the function calls: the value of each `VTEPWATCH_..._URL`. It has no user and no
 * password, since a client would not send them.
 */
export const webAddressSchema = textOf(
  'be an http or https URL without user and password, for example https://example.com/path',
  (text) => /^https?:\/\/[^\s\p{C}/?#@]+([/?#][^\s\p{C}]*)?$/u.test(text) && URL.canParse(text),
);

/**
 * What the function takes of OpenTelemetry's own variables. It takes any value of the others.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function otelValueSchema(name: string): z.ZodMiniType<string> {
  const [, schema] = OTEL_VALUES.find(([names]) => names.test(name)) ?? [];
  return schema ?? z.string();
}

const OTEL_VALUES: readonly (readonly [names: RegExp, schema: z.ZodMiniType<string>])[] = [
  [/^OTEL_(METRICS|LOGS|TRACES)_EXPORTER$/, matching(/^(otlp|none)$/, 'be otlp or none')],
  [/^OTEL_EXPORTER_OTLP_([A-Z]+_)?ENDPOINT$/, webAddressSchema],
  [/^OTEL_EXPORTER_OTLP_([A-Z]+_)?PROTOCOL$/, matching(/^http\/protobuf$/, 'be http/protobuf')],
  [/^OTEL_EXPORTER_OTLP_([A-Z]+_)?COMPRESSION$/, matching(/^(gzip|none)$/, 'be gzip or none')],
  [
    /^OTEL_EXPORTER_OTLP_([A-Z]+_)?TIMEOUT$/,
    // The longest delay that `setTimeout` takes.
    textOf('be a number of milliseconds above 0 and below 2147483648', (text) => {
      const milliseconds = Number(text);
      return milliseconds > 0 && milliseconds < 2 ** 31;
    }),
  ],
];

/** `VTEPWATCH_CA_CERTIFICATES`. */
export const certificatesSchema = matching(
  /^(?:\s*-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*){1,3}$/,
  'be 1 to 3 certificates in PEM, -----BEGIN CERTIFICATE-----...',
);

/** `VTEPWATCH_RUNBOOK`: the part of a link before `#`. */
export const runbookSchema = matching(
  /^[^\s#\p{C}]{1,300}$/u,
  'be a path or URL of 1 to 300 characters, without spaces, invisible characters and #',
);

/** How many points of metrics one request carries at most: CloudWatch refuses more than this. */
export const OTLP_POINTS_DEFAULT = 1000;

/** `VTEPWATCH_OTLP_POINTS`. */
export const otlpPointsSchema = wholeNumber(10, 50_000);

/** The path of an admin kubeconfig, as it is configured, and as a master names it in its answer. */
export const KUBECONFIG_PATH = String.raw`(?:/(?!\.\.?(?:[/ ]|$))[a-zA-Z0-9_.-]{1,100}){1,10}`;

/** What a cluster sets of the script on its hosts. It stands in the SSM document. */
export const probeSettingsSchema = only({
  /** Whose VXLAN devices are read: `auto` is those of flannel and of Calico. */
  deviceProfile: z._default(
    z.enum(['auto', 'flannel', 'calico'], 'be auto, flannel or calico'),
    'auto',
  ),
  /**
   * Where masters have their admin kubeconfig; the first that is there counts. The default is where
   * kubeadm, RKE2 and k3s put it. The script takes the paths apart at the spaces between them, and so
   * nothing in them may be a character that a shell acts on.
   */
  kubeconfigPaths: z._default(
    listOf(
      matching(
        new RegExp(`^${KUBECONFIG_PATH}$`),
        'be an absolute path of letters, digits and _ . -, for example /etc/kubernetes/admin.conf',
      ),
      { least: 1, most: 8, words: 'be a list of 1 to 8 paths' },
    ),
    ['/etc/kubernetes/admin.conf', '/etc/rancher/rke2/rke2.yaml', '/etc/rancher/k3s/k3s.yaml'],
  ),
  /** Whether hosts send each other a few packets over the overlay: tables may be right and packets lost. */
  packets: z._default(z.boolean('be true or false'), true),
});

export type ProbeSettings = z.infer<typeof probeSettingsSchema>;

/** `VTEPWATCH_DOCUMENT`, `_TABLE` and `_TOPIC_ARN`: what the stack made. */
export const documentSchema = matching(/^[a-zA-Z0-9_.:/-]{3,1600}$/, 'be a document name or ARN');
export const tableSchema = matching(/^[a-zA-Z0-9_.-]{3,255}$/, 'be a table name');
export const topicArnSchema = matching(
  /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_.-]{1,256}$/,
  'be the ARN of an SNS topic',
);

/** Text of one form. `words` complete "NAME must ...", here and below. */
export function matching(pattern: RegExp, words: string): z.ZodMiniString<string> {
  return textOf(words, (text) => pattern.test(text));
}

function textOf(words: string, holds: (text: string) => boolean): z.ZodMiniString<string> {
  return z.string(words).check(z.refine(holds, words));
}

function seconds(fallback: number): z.ZodMiniDefault<z.ZodMiniNumber<number>> {
  return z._default(
    numberOf('be a number of seconds, 0 or more', (value) => value >= 0),
    fallback,
  );
}

export function wholeNumber(least: number, most: number): z.ZodMiniNumber<number> {
  const words = `be a whole number from ${least} to ${most}`;
  // A check across several keys must not run on a wrong one.
  const range = { error: words, abort: true };
  return z.int(words).check(z.gte(least, range), z.lte(most, range));
}

function reminderHours(): z.ZodMiniOptional<z.ZodMiniNumber<number>> {
  return z.optional(
    numberOf('be a number of hours from 1 to 168', (value) => value >= 1 && value <= 168),
  );
}

function numberOf(words: string, holds: (value: number) => boolean): z.ZodMiniNumber<number> {
  // A check across several numbers must not run on a wrong one.
  return z.number(words).check(z.refine(holds, { error: words, abort: true }));
}

export function listOf<Item extends z.ZodMiniType>(
  item: Item,
  { least, most, words }: { readonly least: number; readonly most: number; readonly words: string },
): z.ZodMiniArray<Item> {
  // zod's own checks of a length would run on a string as well.
  const fits = ({ length }: readonly unknown[]): boolean => length >= least && length <= most;
  return z.array(item, words).check(z.refine(fits, words));
}

export function mapOf<Value extends z.ZodMiniType>(
  key: z.ZodMiniString<string>,
  value: Value,
  { least, most, words }: { readonly least: number; readonly most: number; readonly words: string },
): z.ZodMiniRecord<z.ZodMiniString<string>, Value> {
  const size = (record: object): boolean => {
    const { length } = Object.keys(record);
    return length >= least && length <= most;
  };
  return z.record(key, value, words).check(z.refine(size, words));
}

/** An object that has these keys and no other. */
export function only<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodMiniObject<z.core.util.Writeable<Shape>, z.core.$strict> {
  return z.strictObject(shape, `be an object with the keys ${Object.keys(shape).join(', ')}`);
}

/** What a schema made of a value, or what is wrong with the value. */
export type Reading<Value> =
  | { readonly kind: 'read'; readonly value: Value }
  | { readonly kind: 'wrong'; readonly troubles: readonly string[] };

/** How a person reads of a place within a value, such as `.limits.quorum` or `[0].Key`. */
interface Places {
  /** The subject of the sentence; the place is empty for the value itself. */
  readonly subjectOf: (place: string) => string;
  /** Whether the wrong value may be repeated. By default none is: one may be a secret in the wrong place. */
  readonly isShown?: (place: string) => boolean;
}

/** Reads a setting. Each trouble is a sentence. */
export function readSetting<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  { subjectOf, isShown = () => false }: Places,
): Reading<z.output<Schema>> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { kind: 'read', value: result.data };
  const troubles = result.error.issues.flatMap((issue) => {
    const place = issue.path.map(stepText).join('');
    const shown = isShown(place) ? shownText(issue.input) : '';
    return troublesOf(issue, subjectOf(place)).map((trouble) => `${trouble}${shown}`);
  });
  return { kind: 'wrong', troubles };
}

function troublesOf(issue: z.core.$ZodIssue, subject: string): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.replace(/^be an object with the keys /, '').split(', ');
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const guess = near === undefined ? '' : `. Did you mean ${near}?`;
      const shown = stepText(key).replace(/^\./, '');
      return `${subject} has the unknown key ${shown}; it must ${issue.message}${guess}`;
    });
  }
  const words = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
  return [`${subject}${issue.input === undefined ? ' is missing; it' : ''} must ${words}`];
}

/** How much of a wrong value is repeated. */
const SHOWN_CHARACTERS = 60;

/** Only what is one value: an object would hide the part that matters. */
function shownText(value: unknown): string {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return '';
  const text = quoted(value);
  return text.length > SHOWN_CHARACTERS
    ? `; it is ${text.slice(0, SHOWN_CHARACTERS)}...`
    : `; it is ${text}`;
}

/** A step of a path. A key that is no plain word is quoted, and what a terminal acts on is escaped. */
function stepText(step: PropertyKey): string {
  if (typeof step === 'number') return `[${step}]`;
  const key = String(step);
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${quoted(key)}]`;
}

function quoted(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /\P{ASCII}|\x7f/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
