import { parseArgs } from 'node:util';
import { regionOf } from '../cli/deployed/options.ts';
import { usage } from '../cli/failure.ts';
import { type Instances, instancesSchema } from './agreed.ts';

export const HELP = `npm run try:aws -- [--yes] [--region R] [--instance-type T] [--keep]
npm run try:aws -- --destroy [--yes] [--region R]

Tries vtepwatch in your AWS account: it deploys one k3s on three small instances, and vtepwatch to monitor it;
removes the neighbour entry of one node from its peers; waits for the page; runs the fix that the report gives;
waits for RESOLVED; and destroys all of it. That takes about 25 minutes. Before anything is made it shows what that
is and what it costs by the hour, and asks. What it saw goes into one file. Account IDs are masked there.

  --yes               do not ask; needed where there is no terminal
  --region R          default: AWS_REGION, AWS_DEFAULT_REGION, or that of the AWS profile
  --instance-type T   default: t4g.small; t3.small where there is none
  --zone Z            the Availability Zone; default: the first of the Region
  --k3s VERSION       the release of k3s; default: v1.36.0+k3s1
  --name NAME         the trial's name: try, or try- and letters; default: try
  --evidence FILE     where the evidence goes; default: try-aws-TIME.json in this directory
  --keep              destroy nothing at the end; the instances end themselves after a day
  --destroy           only destroy what a trial of this name has left
  --step-minutes N    the longest that any step may take; default: each has its own limit
  --cdk FILE          the program to run in place of the CDK of this checkout
  --help              this text

Exit status: 0 vtepwatch paged, named victim and cause, and its fix worked; 1 it did not; 2 the trial could not
be carried out, 64 wrong usage, 69 AWS or the CDK's bootstrap is not there, 77 these rights do not suffice,
129 you closed the terminal, 130 or 143 you ended it by Ctrl-C or SIGTERM.
`;

export interface TrialOptions {
  readonly instances: Instances;
  readonly region: string | undefined;
  readonly isAgreed: boolean;
  readonly keep: boolean;
  readonly destroyOnly: boolean;
  readonly evidence: string | undefined;
  readonly stepMinutes: number;
  readonly cdk: string | undefined;
}

/** After this an instance of a trial that nobody destroyed ends itself: long after the trial's end. */
const LIFE_MINUTES = 180;
const KEPT_LIFE_MINUTES = 1440;

/** Longer than any step. */
const STEP_MINUTES = 60;

/** `help` where the words ask for it. Throws what is wrong with them in a sentence. */
export function readOptions(words: readonly string[]): TrialOptions | 'help' {
  const values = parsed(words);
  if (values.help) return 'help';
  const { 'step-minutes': minutes, keep } = values;
  const stepMinutes = Number(minutes);
  if (!(stepMinutes > 0 && stepMinutes <= STEP_MINUTES)) {
    throw usage(`--step-minutes must be a number up to ${STEP_MINUTES}; it is ${minutes}`);
  }
  if (keep && values.destroy) throw usage('take --keep or --destroy, not both');
  return {
    instances: instancesOf(values, keep ? KEPT_LIFE_MINUTES : LIFE_MINUTES),
    region: regionOf(values.region),
    isAgreed: values.yes,
    keep,
    destroyOnly: values.destroy,
    evidence: values.evidence,
    stepMinutes,
    cdk: values.cdk,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS }).values;
  } catch (error) {
    const mistake = error instanceof Error ? error.message.replace(/\. .*/s, '') : String(error);
    throw usage(`${mistake}: see npm run try:aws -- --help`);
  }
}

const OPTIONS = {
  yes: { type: 'boolean', default: false },
  region: { type: 'string' },
  'instance-type': { type: 'string', default: 't4g.small' },
  zone: { type: 'string' },
  k3s: { type: 'string', default: 'v1.36.0+k3s1' },
  name: { type: 'string', default: 'try' },
  evidence: { type: 'string' },
  keep: { type: 'boolean', default: false },
  destroy: { type: 'boolean', default: false },
  'step-minutes': { type: 'string', default: String(STEP_MINUTES) },
  cdk: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const OPTION_OF: Readonly<Record<keyof Instances, string>> = {
  name: '--name',
  instanceType: '--instance-type',
  k3s: '--k3s',
  zone: '--zone',
  lifeMinutes: '--keep',
};

function instancesOf(
  {
    name,
    'instance-type': instanceType,
    k3s,
    zone,
  }: {
    readonly name: string;
    readonly 'instance-type': string;
    readonly k3s: string;
    readonly zone?: string | undefined;
  },
  lifeMinutes: number,
): Instances {
  const read = instancesSchema.safeParse({
    name,
    instanceType,
    k3s,
    lifeMinutes,
    ...(zone === undefined ? {} : { zone }),
  });
  if (read.success) return read.data;
  const troubles = read.error.issues.map(({ path: [key = ''], message }) => {
    const option = Object.entries(OPTION_OF).find(([one]) => one === key)?.[1] ?? '';
    return `${option} must ${message}`;
  });
  throw usage(troubles.join('; '));
}
