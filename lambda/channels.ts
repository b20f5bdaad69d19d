import type { SNSClientConfig } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Settings } from './settings.ts';
import type { PageChannel } from './systems/page-channel.ts';
import { pagerDutyChannel } from './systems/pagerduty.ts';
import { cachedSecret } from './systems/secrets.ts';
import { snsChannel, snsClient } from './systems/sns.ts';
import { traceCalls, tracedHttpCall } from './systems/telemetry/client-spans.ts';
import type { Recorder } from './systems/telemetry/recorder.ts';
import { webhookChannel } from './systems/webhook.ts';

/** The channels of this cluster. Their secrets are read when a page needs them. */
export function channelsOf(
  settings: Settings,
  {
    ssm,
    sns,
    telemetry,
  }: { readonly ssm: SSMClient; readonly sns: SNSClientConfig; readonly telemetry: Recorder },
): readonly PageChannel[] {
  const { cluster, topicArn, pagerDuty, webhook } = settings;
  const client = snsClient(sns);
  traceCalls(client, telemetry);
  const channels = [snsChannel(client, topicArn)];
  if (pagerDuty !== undefined) {
    const routingKey = cachedSecret(ssm, pagerDuty.parameter);
    const call = tracedHttpCall(telemetry, 'POST pagerduty');
    channels.push(pagerDutyChannel({ cluster, url: pagerDuty.url, routingKey }, call));
  }
  if (webhook !== undefined) {
    const address = webhook.kind === 'url' ? webhook : cachedSecret(ssm, webhook.name);
    channels.push(webhookChannel(cluster, address, tracedHttpCall(telemetry, 'POST webhook')));
  }
  return channels;
}
