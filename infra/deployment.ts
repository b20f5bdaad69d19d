import { App, type AppProps } from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { addChecks, STRICT } from './checks.ts';
import { ClusterStack } from './cluster-stack.ts';
import { CONTEXT_KEY, readClusters } from './clusters.ts';

/**
 * The app of all clusters in its context. `asset` is the folder of the function. Throws an error
 * that names every wrong key.
 */
export function createDeployment(asset: string, props: AppProps = {}): App {
  const app = new App({
    ...props,
    // Nothing is told to anybody.
    analyticsReporting: false,
    context: { ...flags, ...props.context },
    postCliContext: STRICT,
  });
  for (const cluster of readClusters(app.node.tryGetContext(CONTEXT_KEY))) {
    new ClusterStack(app, { ...cluster, asset });
  }
  addChecks(app);
  return app;
}
