import * as z from 'zod/mini';

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
  pagerDutyParameter: 'VTEPWATCH_PAGERDUTY_PARAMETER',
  pagerDutyUrl: 'VTEPWATCH_PAGERDUTY_URL',
  webhookParameter: 'VTEPWATCH_WEBHOOK_PARAMETER',
  webhookUrl: 'VTEPWATCH_WEBHOOK_URL',
  heartbeatUrl: 'VTEPWATCH_HEARTBEAT_URL',
  runbook: 'VTEPWATCH_RUNBOOK',
  kubeconfigFile: 'KUBECONFIG',
} as const;

const seconds = (fallback: number): z.ZodMiniDefault<z.ZodMiniNumber> =>
  z._default(z.number().check(z.nonnegative()), fallback);

/** How strict to be, each with its unit in its name. The JSON of `VTEPWATCH_LIMITS`. */
export const limitsSchema = z.strictObject({
  /** Share of the nodes that must be read before the cluster can be called healthy. */
  quorum: z._default(z.number().check(z.gt(0), z.lte(1)), 0.5),
  /** A master that needs longer for `kubectl get nodes` is slow. */
  slowSeconds: seconds(5),
  /** How long a fault of a lone pair must last before it pages. */
  pairPatienceSeconds: seconds(180),
  /** New nodes and freshly booted hosts are not judged before this age. */
  graceSeconds: seconds(120),
  /** How much of the host's own uptime lies between the two looks. */
  secondLookSeconds: seconds(10),
  /** How long the run waits for the hosts' answers to one command. */
  answerSeconds: seconds(25),
  /** A node that no run has seen for this long has left the cluster. */
  rosterDays: z._default(z.number().check(z.positive()), 7),
});

export type Limits = z.infer<typeof limitsSchema>;

/** SSM targets, as SendCommand takes them. The JSON of `VTEPWATCH_TARGETS`. */
export const targetsSchema = z
  .array(
    z.strictObject({
      Key: z.string().check(z.regex(/^[\p{L}\p{Z}\p{N}_.:/=\-@]{1,163}$/u)),
      Values: z.array(z.string()).check(z.minLength(1), z.maxLength(50)),
    }),
  )
  .check(z.minLength(1), z.maxLength(5));

export type Targets = z.infer<typeof targetsSchema>;

/**
 * An address that the function calls: the value of each `VTEPWATCH_..._URL`. User and password have
 * no place in it, since a client would not send them.
 */
export const webAddressSchema = z.string().check(
  z.regex(/^https?:\/\/[^\s/?#@]+([/?#]\S*)?$/, 'Malformed'),
  z.refine((text) => URL.canParse(text), 'Malformed'),
);
