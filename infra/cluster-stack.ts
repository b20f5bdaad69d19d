import { CfnOutput, CfnParameter, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import {
  operatorsStackNameOf,
  OUTPUTS,
  stackDescriptionOf,
  stackNameOf,
} from '../shared/contract/deployment.ts';
import { SettingsError } from './cluster.ts';
import { OperatorsStack } from './operators-stack.ts';
import { VtepWatch, type VtepWatchProps } from './vtep-watch.ts';

export interface ClusterStackProps extends VtepWatchProps {
  /**
   * Whether the template stands alone: its parameters `AssetBucket` and `AssetKey` name the function's
   * archive, and it needs no bootstrapped account. For Terraform, StackSets and pipelines.
   */
  readonly isPortable?: boolean;
}

/** One cluster, deployed and removed by itself. */
export class ClusterStack extends Stack {
  constructor(scope: Construct, { isPortable = false, ...props }: ClusterStackProps) {
    const { name, account, region } = props;
    if (isPortable && props.sourceMaps === true) {
      throw new SettingsError([`${name}: sourceMaps is not for a template: its archive has none`]);
    }
    const env = {
      ...(account === undefined ? {} : { account }),
      ...(region === undefined ? {} : { region }),
    };
    const twin = hasTwin(scope, name) ? Object.values(env) : [];
    super(scope, [stackNameOf(name), ...twin].join('-'), {
      stackName: stackNameOf(name),
      description: stackDescriptionOf(name),
      env,
      ...(isPortable ? { synthesizer: new StandaloneSynthesizer() } : {}),
    });
    const { cluster, checker, documentName, table, pages, alarms } = new VtepWatch(this, 'Watch', {
      ...props,
      operators: false,
      ...(isPortable ? { asset: codeOfParameters(this) } : {}),
    });
    const outputs = {
      [OUTPUTS.functionName]: checker.functionName,
      [OUTPUTS.documentName]: documentName,
      [OUTPUTS.tableName]: table.tableName,
      [OUTPUTS.topicArn]: pages.topicArn,
      [OUTPUTS.alarmTopicArn]: alarms.topicArn,
      [OUTPUTS.logGroupName]: checker.logGroup.logGroupName,
    };
    for (const [key, value] of Object.entries(outputs)) new CfnOutput(this, key, { value });
    if (props.operators !== true) return;
    const operators = new OperatorsStack(scope, [operatorsStackNameOf(name), ...twin].join('-'), {
      cluster,
      env,
      ...(isPortable ? { synthesizer: new StandaloneSynthesizer() } : {}),
    });
    operators.addDependency(this, 'its policy names the function');
  }
}

/** Whether the app has a stack of a cluster of this name already, in another account or Region. */
function hasTwin(scope: Construct, name: string): boolean {
  return scope.node.tryFindChild(stackNameOf(name)) !== undefined;
}

/** Adds no rule about a bootstrapped account: the template has no asset for which it would need one. */
class StandaloneSynthesizer extends DefaultStackSynthesizer {
  constructor() {
    super({ generateBootstrapVersionRule: false });
  }

  // The library declares these with undefined, and takes synthesizers whose types have none.
  override get bootstrapQualifier(): string {
    return super.bootstrapQualifier ?? '';
  }

  override get lookupRole(): string {
    return super.lookupRole ?? '';
  }

  override get cloudFormationExecutionRole(): string {
    return super.cloudFormationExecutionRole ?? '';
  }
}

function codeOfParameters(stack: Stack): Code {
  return Code.fromCfnParameters({
    bucketNameParam: new CfnParameter(stack, 'AssetBucket', {
      description: "The bucket, in the stack's Region, with the function's archive",
    }),
    objectKeyParam: new CfnParameter(stack, 'AssetKey', {
      description: 'The key of the archive, vtepwatch-function-VERSION.zip',
    }),
  });
}
