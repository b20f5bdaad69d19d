import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The wildcards in what the function may do, each with why there is no other way. */
export function acknowledgeWildcards(role: IConstruct): void {
  const stack = Stack.of(role);
  const region = Token.isUnresolved(stack.region) ? '<AWS::Region>' : stack.region;
  const arn = (service: string, rest: string): string =>
    `arn:<AWS::Partition>:${service}:${region}:<AWS::AccountId>:${rest}`;
  const reasons = {
    [arn('ec2', 'instance/*')]: HOSTS,
    [arn('ssm', 'managed-instance/*')]: HOSTS,
    [arn('kms', 'key/*')]:
      'Whoever made the secrets chose their keys. A condition holds it to these parameters, read through Systems Manager.',
    '*': 'Reading the answers to a command has neither resources nor condition keys in IAM, and neither have the network interfaces that Lambda makes in a VPC, which the function itself is denied.',
  };
  Validations.of(role).acknowledge(
    ...Object.entries(reasons).map(([resource, reason]) => ({
      id: `AwsSolutions-IAM5[Resource::${resource}]`,
      reason,
    })),
  );
}

const HOSTS =
  'Hosts come and go. A condition on their tags says which may be sent the document, and guard/send-command.rego sees to it.';
