import { SSMClient, GetParameterCommand } from '@aws-sdk/client-ssm';
import { deadlineIn } from '../../../lambda/deadline.ts';
import { httpCall } from '../../../lambda/systems/http-call.ts';
import { kubernetes } from '../../../lambda/systems/kubernetes.ts';
import { PROXY, trust } from '../../../lambda/systems/outside.ts';
import { systemClock } from '../../../lambda/systems/system-clock.ts';
import { startTelemetry } from '../../../lambda/systems/telemetry/telemetry.ts';
import { checkedPeers } from './telemetry/samples.ts';

/** A process that calls the server in its first argument as the function does, in each way that it has. */
const [url = '', certificates = ''] = process.argv.slice(2);
if (certificates !== '') trust(certificates);

const outcome = async (work: Promise<unknown>): Promise<unknown> =>
  await work.catch((error: unknown) => String(error));

const page = httpCall({ method: 'POST', url, body: '{}' }, deadlineIn(5000, systemClock));
const ssm = new SSMClient({
  endpoint: url,
  maxAttempts: 1,
  requestHandler: { httpsAgent: { keepAlive: true, ...PROXY } },
});
const telemetry = startTelemetry({
  environment: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url },
  clock: systemClock,
  functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:vtepwatch-lab',
  functionVersion: '7',
  cluster: 'lab',
  pointsMax: 1000,
});
telemetry.record([checkedPeers('node1', 5)]);
const authority = Buffer.from(certificates).toString('base64');
const kubeconfig = JSON.stringify({
  'current-context': 'c',
  contexts: [{ name: 'c', context: { cluster: 'c' } }],
  clusters: [
    {
      name: 'c',
      cluster: {
        server: url,
        ...(certificates === '' ? {} : { 'certificate-authority-data': authority }),
      },
    },
  ],
});
const nodes = outcome(
  kubernetes(kubeconfig, telemetry).then(
    async (api) => await api.nodes(deadlineIn(5000, systemClock)),
  ),
);
const results = {
  page: await outcome(page.then(({ status }) => status)),
  parameter: await outcome(
    ssm
      .send(new GetParameterCommand({ Name: 'x' }))
      .then(({ $metadata }) => $metadata.httpStatusCode),
  ),
  nodes: await nodes,
  metrics: await telemetry.flush(60_000),
};
process.stdout.write(`${JSON.stringify(results)}\n`);
process.exit();
