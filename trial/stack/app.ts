/** `cdk deploy --app` runs this: it writes the template of the trial's instances. */

import { App, Validations } from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { STRICT, TemplateRules } from '../../infra/template-rules.ts';
import { CONTEXT_KEY, instancesSchema } from '../agreed.ts';
import { K3sStack } from './k3s-stack.ts';

const app = new App({ analyticsReporting: false, context: flags, postCliContext: STRICT });
new K3sStack(app, instancesSchema.parse(JSON.parse(String(app.node.tryGetContext(CONTEXT_KEY)))));
Validations.of(app).addPlugins(new TemplateRules());
app.synth();
