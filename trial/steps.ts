/** The steps of a trial: how long each may take, and what to do where one fails. */

interface StepKind {
  /** What is being done, as progress and evidence show it. */
  readonly title: string;
  readonly minutes: number;
  /** What a person does next where it fails. */
  readonly next: string;
}

const SEND_IT = 'send the evidence file with an issue: it has the reports';

export const STEPS = {
  instances: {
    title: 'deploying three instances',
    minutes: 15,
    next: 'read the output of the CDK above',
  },
  vtepwatch: {
    title: 'deploying vtepwatch',
    minutes: 15,
    next: 'read the output of the CDK above',
  },
  mailbox: {
    title: 'subscribing a queue to the pages',
    minutes: 2,
    next: 'your credentials need sns:Subscribe',
  },
  managed: {
    title: 'waiting until Systems Manager manages the instances',
    minutes: 10,
    next: 'the account may forbid instances with addresses of their own, or the instances cannot reach Systems Manager',
  },
  ready: {
    title: 'waiting until k3s is Ready on each node',
    minutes: 12,
    next: "the evidence file has the end of each instance's /var/log/cloud-init-output.log",
  },
  healthy: {
    title: 'waiting until a run calls the cluster healthy',
    minutes: 10,
    next: SEND_IT,
  },
  fault: {
    title: 'removing the neighbour entry of one node from its peers',
    minutes: 3,
    next: SEND_IT,
  },
  page: { title: 'waiting for the page', minutes: 6, next: SEND_IT },
  incident: { title: 'reading what the run reports', minutes: 5, next: SEND_IT },
  fix: { title: 'running the fix that the report gives', minutes: 5, next: SEND_IT },
  resolved: { title: 'waiting for RESOLVED', minutes: 12, next: SEND_IT },
  destroy: {
    title: 'destroying all of it',
    minutes: 25,
    next: 'run npm run try:aws -- --destroy, or delete the stacks in the CloudFormation console',
  },
} as const satisfies Readonly<Record<string, StepKind>>;

export type StepName = keyof typeof STEPS;

/** What in the CDK's output calls for something else than reading it. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [
    /not supported in your requested Availability Zone|InsufficientInstanceCapacity/i,
    'name another zone with --zone, or another type with --instance-type t3.small',
  ],
  [
    /VcpuLimitExceeded|vCPU limit|InstanceLimitExceeded/i,
    'raise the quota "Running On-Demand Standard instances", or use another Region',
  ],
  [/VpcLimitExceeded|maximum number of VPCs/i, 'delete a VPC, or use another Region'],
  [
    /cdk bootstrap|bootstrap stack|has not been bootstrapped/i,
    'run npx cdk bootstrap and try again',
  ],
  [
    /AccessDenied|not authorized|UnauthorizedOperation/i,
    'use credentials that may deploy CDK stacks here; docs/try-aws.md lists what else the trial calls',
  ],
  [/^there is .* already/, 'let the other trial end, or use another --name'],
  [/ExpiredToken|token.*expired/i, 'log in again, for example with aws sso login'],
];

/** What to do next where a step has failed with these words. */
export function nextStepAfter(step: StepName, words: string): string {
  return KNOWN.find(([pattern]) => pattern.test(words))?.[1] ?? STEPS[step].next;
}
