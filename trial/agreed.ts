/** What the trial agrees on with the stack of its instances, which the CDK runs in a process of its own. */

import * as z from 'zod/mini';

/** The CDK's context has the trial's settings under this key, as JSON. */
export const CONTEXT_KEY = 'trial';

/**
 * A trial destroys the stacks of its cluster. So that it can never be that of a cluster of yours, its name
 * begins with `try`, and its stacks have a tag.
 */
const trialNameSchema = z
  .string()
  .check(
    z.regex(
      /^try(?:-[a-z0-9]{1,20})?$/,
      'be try, or try- and up to 20 lower-case letters and digits',
    ),
  );

export const instancesSchema = z.object({
  name: trialNameSchema,
  instanceType: z
    .string()
    .check(z.regex(/^[a-z][a-z0-9-]{1,15}\.[a-z0-9]{3,15}$/, 'be a type such as t4g.small')),
  k3s: z
    .string()
    .check(z.regex(/^v1\.\d{1,2}\.\d{1,2}\+k3s\d{1,2}$/, 'be a release such as v1.36.0+k3s1')),
  zone: z.optional(
    z.string().check(z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/, 'be a zone such as eu-central-1b')),
  ),
  /** The instances end themselves after this, should nobody destroy them; 0: never. */
  lifeMinutes: z.int().check(z.gte(0), z.lte(1440)),
});

export type Instances = z.infer<typeof instancesSchema>;

export const instancesStackOf = (name: string): string => `Vtepwatch-instances-${name}`;

/** The tag of a trial's stacks; its value is the trial's name. */
export const STACK_TAG = 'vtepwatch-trial';

/** Another tag of theirs: it differs between two trials of the same name. */
export const RUN_TAG = 'vtepwatch-trial-run';

/** The tag by which vtepwatch selects the hosts; its value is the trial's name. */
export const HOST_TAG = 'vtepwatch';

/** The keys of the stack's outputs. */
export const INSTANCE_OUTPUTS = {
  /** The managed-node id of the k3s server. */
  server: 'ServerId',
  /** Those of the agents, with a comma between them. */
  agents: 'AgentIds',
  queueUrl: 'QueueUrl',
  queueArn: 'QueueArn',
} as const;
