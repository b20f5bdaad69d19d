import { SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Settings } from './settings.ts';
import type { PageRoute } from './shell/page-route.ts';
import { pagerDutyRoute } from './shell/pagerduty.ts';
import { heldSecret } from './shell/secrets.ts';
import { snsRoute } from './shell/sns.ts';
import { webhookRoute } from './shell/webhook.ts';

/** Every way by which this cluster's pages go out. Secrets are read when a page needs them. */
export function routesOf(
  settings: Settings,
  { ssm, sns }: { readonly ssm: SSMClient; readonly sns: SNSClientConfig },
): readonly PageRoute[] {
  const { cluster, topicArn, pagerDuty, webhook } = settings;
  const routes = [snsRoute(new SNSClient(sns), topicArn)];
  if (pagerDuty !== undefined) {
    const routingKey = heldSecret(ssm, pagerDuty.parameter);
    routes.push(pagerDutyRoute({ cluster, url: pagerDuty.url, routingKey }));
  }
  if (webhook !== undefined) {
    const address = webhook.kind === 'url' ? webhook : heldSecret(ssm, webhook.name);
    routes.push(webhookRoute(cluster, address));
  }
  return routes;
}
