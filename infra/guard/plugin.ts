import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
} from 'aws-cdk-lib';
import { ownScript } from '../own-script.ts';
import { refusalsOf } from './guard.ts';
import { tagsOf } from './tags.ts';
import { readTemplate } from './template.ts';

/** Fails the synthesis of a stack whose role could run another script, as `guard/guard.ts` says. */
export class Guard implements IPolicyValidationPlugin {
  readonly name = 'vtepwatch-guard';

  validate({ templatePaths }: IPolicyValidationContext): PolicyValidationPluginReport {
    const script = ownScript();
    const templates = templatePaths.map((templatePath) => {
      const json: unknown = JSON.parse(readFileSync(templatePath, 'utf8'));
      return { templatePath, json };
    });
    const clusters = templates.map(({ json }) => tagsOf(readTemplate(json)));
    const violations = templates.flatMap(({ templatePath, json }) => {
      return refusalsOf(json, script, clusters).map(({ resource, reason }) => ({
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
