import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
} from 'aws-cdk-lib';
import { ownScript } from '../own-script.ts';
import { refusalsOf } from './guard.ts';

/** Fails the synthesis of a stack whose role could run another script, as `guard/guard.ts` says. */
export class Guard implements IPolicyValidationPlugin {
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
