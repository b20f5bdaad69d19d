import * as z from 'zod/mini';
import { limitsSchema, webAddressSchema } from '../shared/contract/settings.ts';
import { allowed, list, map, matching, oneOf, only, taking, whole } from './allowed.ts';
import { DEVICE_PROFILES } from './probe-document.ts';

/** https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html; SSM's targets take no `+`. */
const TAG_KEY = matching(
  /^[\p{L}\p{Z}\p{N}_.:/=\-@]{1,128}$/u,
  'a tag of 1 to 128 letters, digits, spaces and _ . : / = - @',
);
const TAG_VALUE = matching(
  /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u,
  'a tag value of 1 to 256 letters, digits, spaces and _ . : / = + - @',
);

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html */
const PARAMETER = matching(
  /^(?!\/?(aws|ssm))((\/[a-zA-Z0-9_.-]+){1,15}|[a-zA-Z0-9_.-]+)$/i,
  'the name of an SSM parameter, /path/name or name, that does not begin with aws or ssm',
);

const WEB_ADDRESS = taking(webAddressSchema, 'an http or https URL without user and password');
/** Headers hold secrets: they come out of a SecureString, and never into a template. */
const OTEL_VARIABLE = matching(
  /^OTEL_(?!.*HEADERS)[A-Z0-9_]{1,100}$/,
  'an OTEL_ variable other than those for headers, which headersParameter is for',
);
const OTEL_VALUE = matching(/^[\x20-\x7e]{1,1024}$/, '1 to 1024 printable characters');

const EMAIL = matching(/^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$/, 'an e-mail address');

/** It becomes a word in a shell's list, unquoted: nothing that a shell would act on. */
const PATH = matching(
  /^(\/(?!\.\.?(\/|$))[a-zA-Z0-9_.-]{1,100}){1,10}$/,
  'an absolute path of letters, digits and _ . -',
);

const keys = only({
  /** Stands in keys, pages and telemetry, and names the stack. */
  name: matching(
    /^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/,
    '1 to 63 letters, digits and . _ -, with a letter or digit first and last',
  ),
  /** Hosts that carry all these tags are the cluster's; of several values any will do. */
  tags: map(
    TAG_KEY,
    z.union([TAG_VALUE, list(TAG_VALUE, { least: 1, most: 50 })], {
      error: 'allowed: a tag value, or a list of 1 to 50',
    }),
    { least: 1, most: 5 },
  ),
  /** The Region that the hosts are registered in. Default: the one that the credentials are for. */
  region: z.optional(matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS Region, like eu-central-1')),
  /** Whose VXLAN devices are read. Default: all that are known by their names. */
  deviceProfile: z._default(oneOf(DEVICE_PROFILES), 'auto'),
  /** Where masters have their admin kubeconfig, the first that is there counting. Default: where
   * kubeadm, RKE2 and k3s put it. */
  kubeconfigPaths: z.optional(list(PATH, { least: 1, most: 8 })),
  /** Minutes between two runs. Below 5, let the hosts' agents clean up: see the README. */
  scheduleMinutes: z._default(whole(1, 60), 5),
  /** How strict to be; each limit has a default. */
  limits: z.prefault(only(limitsSchema.shape), {}),
  /** SecureString with a kubeconfig that may list nodes and pods: `infra/rbac.yaml`. */
  kubeconfigParameter: z.optional(PARAMETER),
  /** Where OpenTelemetry goes. Default: nowhere. */
  telemetry: z.optional(
    only({
      /** OTLP over HTTP; `/v1/metrics` and the like are added to it. */
      endpoint: z.optional(WEB_ADDRESS),
      /** OpenTelemetry's own variables, for what needs more than an endpoint: a backend that takes
       * metrics alone, for one. */
      variables: z._default(map(OTEL_VARIABLE, OTEL_VALUE, { least: 0, most: 30 }), {}),
      /** SecureString with a JSON object of headers: the backend's token. */
      headersParameter: z.optional(PARAMETER),
    }),
  ),
  /** Who is paged, beside what else subscribes to the topic. */
  paging: z.prefault(
    only({
      /** Subscribed to the topic; each is asked to confirm. */
      emails: z._default(list(EMAIL, { least: 0, most: 20 }), []),
      pagerDuty: z.optional(
        only({
          /** SecureString with the routing key of an Events API v2 integration. */
          parameter: PARAMETER,
          /** Default: https://events.pagerduty.com/v2/enqueue. */
          url: z.optional(WEB_ADDRESS),
        }),
      ),
      /** Pages are posted to it as JSON. One of the two. */
      webhook: z.optional(
        only({
          /** SecureString with the URL. */
          parameter: z.optional(PARAMETER),
          /** A URL that is no secret. */
          url: z.optional(WEB_ADDRESS),
        }).check(
          z.refine(
            ({ parameter, url }) => (parameter === undefined) !== (url === undefined),
            'allowed: either the key parameter or the key url',
          ),
        ),
      ),
    }),
    {},
  ),
  /** Called after each completed run, for a dead man's switch outside this account. */
  heartbeatUrl: z.optional(WEB_ADDRESS),
  /** Who is told when the watch itself is in trouble. */
  alarmEmails: z._default(list(EMAIL, { least: 0, most: 20 }), []),
  /** Where pages and alarms say that the runbook is. */
  runbook: z._default(
    matching(/^[^\s#]{1,300}$/, 'a path or URL without spaces and #'),
    'RUNBOOK.md',
  ),
  /** For an API server or a collector that only a VPC reaches. Default: no VPC. */
  vpc: z.optional(
    only({
      subnetIds: list(matching(/^subnet-[0-9a-f]{8,17}$/, 'a subnet id, subnet-...'), {
        least: 1,
        most: 16,
      }),
      securityGroupIds: list(matching(/^sg-[0-9a-f]{8,17}$/, 'a security group id, sg-...'), {
        least: 1,
        most: 5,
      }),
    }),
  ),
  /** The function's memory, and with it its processor. 1024 from 2,000 hosts on, 2048 from 4,000: most
   * runs need half of it, and a cluster that has fallen apart needs it all. */
  memoryMebibytes: z._default(whole(256, 3008), 512),
});

/** What one cluster is configured with. Each key is described where it stands. */
export const clusterSchema = keys.check(({ value, issues }) => {
  const { answerSeconds, secondLookSeconds } = value.limits;
  const most = timeoutSeconds(value) - ASIDE_SECONDS;
  if (answerSeconds + secondLookSeconds <= most) return;
  const message = allowed(`answerSeconds and secondLookSeconds of ${most} together at most`);
  issues.push({ code: 'custom', path: ['limits'], message, input: value.limits });
});

/** What a run needs beside its two looks: it sends, lists, remembers, pages and tells. */
const ASIDE_SECONDS = 13;

/** How long a run may take: less than a schedule, so that the next one finds its lease free. */
export function timeoutSeconds({ scheduleMinutes }: Pick<Cluster, 'scheduleMinutes'>): number {
  return Math.min(scheduleMinutes * 60 - 5, 120);
}

/** A cluster's settings, read: with every default in its place. */
export type Cluster = z.output<typeof keys>;

/** A cluster's settings, as they are written. */
export type ClusterSettings = z.input<typeof keys>;
