import { CloudFormationValidatePlugin } from 'aws-cdk-lib';

/** Without it a template that breaks a rule is only reported. */
export const STRICT = { '@aws-cdk/core:validateAgainstDefaultRules': true } as const;

/** The library's own rules, which know what CloudFormation would refuse. */
export class TemplateRules extends CloudFormationValidatePlugin {
  // The library declares these two with undefined, and takes plugins whose types have none.
  override get version(): string {
    return super.version ?? '0.0.0';
  }

  override get ruleIds(): string[] {
    return super.ruleIds ?? [];
  }
}
