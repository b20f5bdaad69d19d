import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OUTPUTS, stackNameOf } from '../shared/contract/deployment.ts';
import { type VtepWatchProps, VtepWatch } from './vtep-watch.ts';

/** One cluster, deployed and removed by itself. */
export class ClusterStack extends Stack {
  constructor(scope: Construct, props: VtepWatchProps) {
    const { name, region } = props;
    super(scope, stackNameOf(name), {
      description: `vtepwatch: watches the overlay network of ${name}`,
      ...(region === undefined ? {} : { env: { region } }),
    });
    const watch = new VtepWatch(this, 'Watch', props);
    const outputs = {
      [OUTPUTS.functionName]: watch.checker.functionName,
      [OUTPUTS.documentName]: watch.documentName,
      [OUTPUTS.tableName]: watch.table.tableName,
      [OUTPUTS.topicArn]: watch.pages.topicArn,
      AlarmTopicArn: watch.alarms.topicArn,
    };
    for (const [key, value] of Object.entries(outputs)) new CfnOutput(this, key, { value });
  }
}
