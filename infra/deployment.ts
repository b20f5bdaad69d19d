import { App, type AppProps, Validations } from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import { ClusterStack, type ClusterStackProps } from './cluster-stack.ts';
import { CONTEXT_KEY, type Defaults, readClusters } from './clusters.ts';
import { readSettingsFile } from './settings-file.ts';
import { Guard } from './guard/plugin.ts';
import { STRICT, TemplateRules } from './template-rules.ts';

interface DeploymentOptions extends Pick<ClusterStackProps, 'asset' | 'isPortable'> {
  /** The clusters. Default: the list in the app's context. */
  readonly clusters?: unknown;
  readonly defaults?: Defaults;
  readonly app?: AppProps;
}

/**
 * The app of all clusters. Throws an error that names every wrong key. A template that breaks a rule
 * fails the synthesis.
 */
export function createDeployment({
  clusters,
  defaults,
  app: props,
  ...code
}: DeploymentOptions): App {
  const app = new App({
    ...props,
    // Sends no usage data to AWS.
    analyticsReporting: false,
    context: { ...flags, ...props?.context },
    postCliContext: STRICT,
  });
  for (const cluster of readClusters(clusters ?? clustersIn(app), defaults)) {
    new ClusterStack(app, { ...cluster, ...code });
  }
  Validations.of(app).addPlugins(new TemplateRules(), new Guard(), new AwsSolutionsChecks(app));
  return app;
}

/** `cdk deploy -c config=FILE` reads the clusters from a file outside the checkout. */
function clustersIn(app: App): unknown {
  const file: unknown = app.node.tryGetContext(FILE_KEY);
  return typeof file === 'string' ? readSettingsFile(file) : app.node.tryGetContext(CONTEXT_KEY);
}

/** The key of the context that names the file. */
const FILE_KEY = 'config';
