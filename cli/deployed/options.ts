import { parseArgs } from 'node:util';
import { stackNameOf } from '../../shared/contract/deployment.ts';
import { usage } from '../failure.ts';

/** Which deployed cluster to ask, and how to print the answer. */
export interface DeployedOptions {
  readonly cluster: string;
  readonly stack: string;
  /** Undefined: the SDK finds it in the operator's profile. */
  readonly region: string | undefined;
  readonly json: boolean;
}

export const DEPLOYED_HELP = `  --cluster NAME  the cluster, as cdk.json names it; NAME alone will do
  --region R      default: AWS_REGION, AWS_DEFAULT_REGION, or that of the AWS profile
  --stack S       the cluster's CloudFormation stack; default: Vtepwatch-NAME
  --json          print a document instead of text
`;

/** The options that name a deployed cluster. */
export const DEPLOYED_OPTIONS = {
  cluster: { type: 'string' },
  stack: { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `help` where the arguments ask for it. Throws where no cluster is named. */
export function readDeployedOptions(
  command: string,
  words: readonly string[],
): DeployedOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: DEPLOYED_OPTIONS,
  });
  return values.help ? 'help' : deployedOptions(command, values, positionals);
}

/** What the arguments say of a cluster, which stands alone or behind its option. */
export function deployedOptions(
  command: string,
  values: {
    readonly cluster?: string | undefined;
    readonly stack?: string | undefined;
    readonly region?: string | undefined;
    readonly json: boolean;
  },
  positionals: readonly string[],
): DeployedOptions {
  const [cluster, ...more] = [values.cluster, ...positionals].filter((name) => name !== undefined);
  if (more.length > 0) {
    throw usage(`${command} takes one cluster, and ${JSON.stringify(more[0])} is another word`);
  }
  if (!cluster) {
    const others = command === 'check' ? ', or --all, --ssh or --ssm' : '';
    throw usage(`${command} needs the NAME of a cluster${others}: see vtepwatch ${command} --help`);
  }
  const { json, stack = stackNameOf(cluster) } = values;
  return { cluster, json, stack, region: regionOf(values.region) };
}

/** The Region of the command line, or else of the environment; undefined: the SDK reads the AWS profile. */
export function regionOf(named: string | undefined): string | undefined {
  // The AWS command line reads the second variable too; the SDK does not.
  return named ?? (process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || undefined);
}
