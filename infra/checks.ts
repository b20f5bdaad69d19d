import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type App, CloudFormationValidatePlugin, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

/** What every template must pass before it may be deployed: a violation fails the synthesis. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new TemplateRules(), new AwsSolutionsChecks(app));
}

/** Without it, what the rules find would be told and would fail nothing. */
export const STRICT = { '@aws-cdk/core:validateAgainstDefaultRules': true } as const;

const SEND_COMMAND = path.join(import.meta.dirname, 'guard', 'send-command.rego');

/** The library's own rules, which know what CloudFormation would refuse, and ours. */
class TemplateRules extends CloudFormationValidatePlugin {
  constructor() {
    super({
      regoRules: [{ name: 'send-command', content: readFileSync(SEND_COMMAND, 'utf8') }],
    });
  }

  // The library declares it as undefined or a string, and where plugins are taken, as a string.
  override get version(): string {
    return super.version ?? '0.0.0';
  }

  override get ruleIds(): string[] {
    return super.ruleIds ?? [];
  }
}
