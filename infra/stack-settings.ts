import * as z from 'zod/mini';
import {
  certificatesSchema,
  listOf,
  mapOf,
  matching,
  only,
  tagKeySchema,
  tagValueSchema,
} from '../shared/contract/settings.ts';

/**
 * The settings that are about a cluster's stack, and of which the function knows nothing: where it is
 * deployed, and what an organisation wants of each stack.
 */

/** The days for which CloudWatch Logs can keep a log, and no others. */
const RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

export const topicSchema = matching(
  /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]{1,256}$/,
  'be the ARN of a standard topic of SNS, for example arn:aws:sns:eu-central-1:111122223333:oncall',
);

const keySchema = matching(
  /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/(mrk-[a-f0-9]{32}|[a-f0-9-]{36})$/,
  'be the ARN of a key of KMS, for example arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
);

export const stackSettings = {
  /** The account in which the hosts are registered. Default: that of the credentials. */
  account: z.optional(
    matching(/^\d{12}$/, 'be an AWS account id of 12 digits, for example "111122223333"'),
  ),
  /** The Region in which the hosts are registered. Default: that of the credentials. */
  region: z.optional(
    matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'be an AWS Region, for example eu-central-1'),
  ),
  /** Tags of the stack's own resources. */
  resourceTags: z._default(
    mapOf(tagKeySchema, tagValueSchema, {
      least: 0,
      most: 40,
      words: 'be up to 40 pairs, for example { "team": "platform" }',
    }),
    {},
  ),
  /** How long the function's log is kept. */
  logRetentionDays: z._default(
    z.literal(
      RETENTIONS,
      `be a number of days that CloudWatch Logs offers: ${RETENTIONS.join(', ')}`,
    ),
    30,
  ),
  /** Encrypts the stack's topics. Its policy must let CloudWatch and the function use it: docs/deploy.md. */
  topicKeyArn: z.optional(keySchema),
  /** Encrypts the table of incidents. Deploying it needs `kms:CreateGrant`: docs/deploy.md. */
  tableKeyArn: z.optional(keySchema),
  /** Encrypts the function's log. Its policy must let CloudWatch Logs use it: docs/deploy.md. */
  logKeyArn: z.optional(keySchema),
  /** Topics that get the alarms too: an incident topic of yours, with subscriptions that you watch over. */
  alarmTopicArns: z._default(
    listOf(topicSchema, { least: 0, most: 4, words: 'be a list of up to 4 ARNs of topics' }),
    [],
  ),
  /** Bounds what the stack's roles may do, where the organisation wants that of every role. */
  permissionsBoundaryArn: z.optional(
    matching(
      /^arn:[a-z-]+:iam::(\d{12}|aws):policy\/[a-zA-Z0-9_+=,.@/-]{1,512}$/,
      'be the ARN of a managed policy, for example arn:aws:iam::111122223333:policy/boundary',
    ),
  ),
  /** Whether a second stack has what people use: a document of their own, and a policy for it. */
  operators: z._default(z.boolean('be true or false'), false),
  /** Whether stack traces in the log name source files: it doubles the archive, and slows a cold start. */
  sourceMaps: z._default(z.boolean('be true or false'), false),
} as const;

/** What stands between the function and the rest of the world. */
export const networkSettings = only({
  /** Certificates of authorities, PEM: for a backend, webhook or proxy with a certificate of your own. */
  caCertificates: z.optional(certificatesSchema),
  /** Calls go through this proxy. */
  httpsProxy: z.optional(
    matching(
      /^http:\/\/[a-zA-Z0-9.-]{1,200}(:\d{1,5})?\/?$/,
      'be the http address of a proxy, for example http://proxy.internal:3128',
    ),
  ),
  /** Hosts that are called directly: names, .domains and addresses, separated by commas. */
  noProxy: z.optional(
    matching(
      /^[a-zA-Z0-9.,:/*_-]{1,500}$/,
      'be names and addresses, separated by commas, for example .internal,169.254.169.254',
    ),
  ),
});
