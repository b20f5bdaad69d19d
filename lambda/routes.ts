import { SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Settings } from './settings.ts';
import type { PageRoute } from './systems/page-route.ts';
import { pagerDutyRoute } from './systems/pagerduty.ts';
import { heldSecret } from './systems/secrets.ts';
import { snsRoute } from './systems/sns.ts';
import { traceCalls, tracedHttpCall } from './systems/telemetry/client-spans.ts';
import type { Recorder } from './systems/telemetry/recorder.ts';
import { webhookRoute } from './systems/webhook.ts';

/** Every way by which this cluster's pages go out. Secrets are read when a page needs them. */
export function routesOf(
  settings: Settings,
  {
    ssm,
    sns,
    telemetry,
  }: { readonly ssm: SSMClient; readonly sns: SNSClientConfig; readonly telemetry: Recorder },
): readonly PageRoute[] {
  const { cluster, topicArn, pagerDuty, webhook } = settings;
  const client = new SNSClient(sns);
  traceCalls(client, telemetry);
  const routes = [snsRoute(client, topicArn)];
  if (pagerDuty !== undefined) {
    const routingKey = heldSecret(ssm, pagerDuty.parameter);
    const call = tracedHttpCall(telemetry, 'POST pagerduty');
    routes.push(pagerDutyRoute({ cluster, url: pagerDuty.url, routingKey }, call));
  }
  if (webhook !== undefined) {
    const address = webhook.kind === 'url' ? webhook : heldSecret(ssm, webhook.name);
    routes.push(webhookRoute(cluster, address, tracedHttpCall(telemetry, 'POST webhook')));
  }
  return routes;
}
