import { stackNameOf } from '../shared/contract/deployment.ts';
import { printable } from '../shared/core/plain-text.ts';
import type { Place } from './account.ts';
import { type Instances, instancesStackOf } from './agreed.ts';
import { estimateOf } from './prices.ts';

/** The names of a trial's stacks, in the order in which they are made. */
export function stacksOf(name: string): readonly string[] {
  return [instancesStackOf(name), stackNameOf(name)];
}

/** What a person should know before anything is made in the account. */
export function planLines(
  instances: Instances,
  { account, region }: Place,
  keep: boolean,
): readonly string[] {
  const { name, instanceType, k3s } = instances;
  const [ofInstances = '', ofVtepwatch = ''] = stacksOf(name);
  const { usdAnHour, source } = estimateOf(instanceType);
  const cost =
    usdAnHour === undefined ? 'not known for this type' : `about ${usdAnHour} USD an hour`;
  return [
    `A trial of vtepwatch is about to begin in account ${account}, Region ${region}.`,
    `  it makes    ${ofInstances}: a network without a way in, three ${instanceType} with Amazon Linux 2023 and`,
    `              k3s ${k3s}, a secret, a role, a queue`,
    `              ${ofVtepwatch}: vtepwatch as everybody deploys it, with a run every minute`,
    '  it breaks   the overlay of this k3s alone, by ip neigh del as root on two of the instances',
    "  it runs     the fix of vtepwatch's report, as root on these instances alone",
    `  it costs    ${cost} while it is there: an estimate by ${source}`,
    '  it takes    about 25 minutes',
    keep
      ? '  it leaves   all of it (--keep): npm run try:aws -- --destroy removes it; the instances end after a day'
      : '  it leaves   nothing that costs; it destroys both stacks, also after a failure and Ctrl-C',
  ].map(printable);
}

/** What no trial removes. None of it costs anything but the archive in the CDK's bucket, a fraction of a cent. */
export const REMAINS: readonly string[] = [
  "the function's archive in the bucket of the CDK's bootstrap: npx cdk gc, or leave it",
  "the key of the topics, which KMS deletes after 30 days, and the table's last backup, which DynamoDB deletes after 35",
  'metrics of the namespace vtepwatch in CloudWatch, for 15 months, and the commands in the history of Systems Manager, for 30 days',
];

/** The commands that remove what the destruction has left. */
export function removalCommands(
  { region }: Pick<Place, 'region'>,
  { stacks, tables }: { readonly stacks: readonly string[]; readonly tables: readonly string[] },
): readonly string[] {
  return [
    ...stacks.map(
      (stack) => `aws cloudformation delete-stack --region ${region} --stack-name ${stack}`,
    ),
    ...tables.flatMap((table) => [
      `aws dynamodb update-table --region ${region} --table-name ${table} --no-deletion-protection-enabled`,
      `aws dynamodb delete-table --region ${region} --table-name ${table}`,
    ]),
  ];
}
