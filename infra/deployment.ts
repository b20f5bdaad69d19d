import { readFileSync } from 'node:fs';
import {
  App,
  type AppProps,
  CfnOutput,
  CloudFormationValidatePlugin,
  type IPolicyValidationContext,
  type IPolicyValidationPlugin,
  type PolicyValidationPluginReport,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Construct } from 'constructs';
import { OUTPUTS, stackNameOf } from '../shared/contract/deployment.ts';
import { CONTEXT_KEY, type Defaults, readClusters } from './clusters.ts';
import { refusalsOf } from './guard/guard.ts';
import { ownScript, VtepWatch, type VtepWatchProps } from './vtep-watch.ts';

/**
 * The app of all clusters in its context. `asset` is the folder of the function. Throws an error
 * that names every wrong key. A template that breaks a rule fails the synthesis.
 */
export function createDeployment(
  asset: string,
  props: AppProps = {},
  defaults: Defaults = {},
): App {
  const app = new App({
    ...props,
    // Sends no usage data to AWS.
    analyticsReporting: false,
    context: { ...flags, ...props.context },
    postCliContext: STRICT,
  });
  for (const cluster of readClusters(app.node.tryGetContext(CONTEXT_KEY), defaults)) {
    new ClusterStack(app, { ...cluster, asset });
  }
  Validations.of(app).addPlugins(new TemplateRules(), new Guard(), new AwsSolutionsChecks(app));
  return app;
}

/** Without it a template that breaks a rule is only reported. */
const STRICT = { '@aws-cdk/core:validateAgainstDefaultRules': true } as const;

/** One cluster, deployed and removed by itself. */
export class ClusterStack extends Stack {
  constructor(scope: Construct, props: VtepWatchProps) {
    const { name, region } = props;
    super(scope, stackNameOf(name), {
      description: `vtepwatch: monitors the overlay network of ${name}`,
      ...(region === undefined ? {} : { env: { region } }),
    });
    const { checker, documentName, table, pages, alarms } = new VtepWatch(this, 'Watch', props);
    const outputs = {
      [OUTPUTS.functionName]: checker.functionName,
      [OUTPUTS.documentName]: documentName,
      [OUTPUTS.tableName]: table.tableName,
      [OUTPUTS.topicArn]: pages.topicArn,
      [OUTPUTS.alarmTopicArn]: alarms.topicArn,
      [OUTPUTS.logGroupName]: checker.logGroup.logGroupName,
    };
    for (const [key, value] of Object.entries(outputs)) new CfnOutput(this, key, { value });
  }
}

/** The library's own rules, which know what CloudFormation would refuse. */
class TemplateRules extends CloudFormationValidatePlugin {
  // The library declares these two with undefined, and takes plugins whose types have none.
  override get version(): string {
    return super.version ?? '0.0.0';
  }

  override get ruleIds(): string[] {
    return super.ruleIds ?? [];
  }
}

/** Fails the synthesis of a stack whose role could run another script, as `guard/guard.ts` says. */
class Guard implements IPolicyValidationPlugin {
  readonly name = 'vtepwatch-guard';

  validate({ templatePaths }: IPolicyValidationContext): PolicyValidationPluginReport {
    const script = ownScript();
    const violations = templatePaths.flatMap((templatePath) => {
      const template: unknown = JSON.parse(readFileSync(templatePath, 'utf8'));
      return refusalsOf(template, script).map(({ resource, reason }) => ({
        ruleName: 'allow-list',
        description: reason,
        violatingResources: [
          {
            ...(resource === undefined ? {} : { resourceLogicalId: resource }),
            templatePath,
            locations: [],
          },
        ],
      }));
    });
    return { success: violations.length === 0, violations };
  }
}
