import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Construct } from 'constructs';
import type { Cluster } from './cluster.ts';

/**
 * The schedule, in a group of its own: Scheduler counts dropped ticks by group. It drops a tick that
 * it cannot deliver within a minute; the next one follows.
 */
export function createSchedule(
  scope: Construct,
  { name, scheduleMinutes }: Cluster,
  checker: IFunction,
): ScheduleGroup {
  const group = new ScheduleGroup(scope, 'Ticks', { removalPolicy: RemovalPolicy.DESTROY });
  const role = new Role(scope, 'TickRole', {
    description: `vtepwatch ${name}: starts the function`,
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(scope).account,
          'aws:SourceArn': group.scheduleGroupArn,
        },
      },
    }),
  });
  role.addToPolicy(
    new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [checker.functionArn] }),
  );
  const tick = new Schedule(scope, 'Tick', {
    description: `vtepwatch ${name}: a run`,
    scheduleGroup: group,
    schedule: ScheduleExpression.rate(Duration.minutes(scheduleMinutes)),
    target: new LambdaInvoke(checker, {
      // Left alone, the library would allow it to invoke every version of the function.
      role: role.withoutPolicyUpdates(),
      input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
      retryAttempts: 2,
      maxEventAge: Duration.minutes(1),
    }),
  });
  // The first tick comes immediately, and needs the role's policy.
  tick.node.addDependency(role);
  return group;
}
