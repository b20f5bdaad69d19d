import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { ListCommandsCommand } from '@aws-sdk/client-ssm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LAB_CREDENTIALS, LAB_REGION } from '../../../../lab/aws/account.ts';
import { startDynamoDb } from '../../../../lab/aws/dynamodb.ts';
import { startSns } from '../../../../lab/aws/sns.ts';
import type { ReceivedSpan } from '../../../../lab/otlp/records.ts';
import { startWebhookReceiver } from '../../../../lab/paging/webhook.ts';
import { kubernetes } from '../../../../lambda/systems/kubernetes.ts';
import { snsChannel } from '../../../../lambda/systems/sns.ts';
import { traceCalls, tracedHttpCall } from '../../../../lambda/systems/telemetry/client-spans.ts';
import type { Telemetry } from '../../../../lambda/systems/telemetry/telemetry.ts';
import { webhookChannel } from '../../../../lambda/systems/webhook.ts';
import { pageAbout } from '../../../support/pages.ts';
import { smallApiServer } from '../small-api-server.ts';
import { EVERYBODY, says, watched } from '../ssm/watched.ts';
import { REMAINING_MILLISECONDS, runningPair } from './running.ts';
import { ROOT_ATTRIBUTES } from './samples.ts';
import { deadlineIn, farOff } from '../../../support/deadlines.ts';

const CLIENT_KIND = 3;
const PRODUCER_KIND = 4;

/** The spans of calls that are made within a function's span, which comes last. */
async function spansOf(calls: (telemetry: Telemetry) => Promise<void>) {
  const { receiver, telemetry } = await runningPair();
  await telemetry.span('function', ROOT_ATTRIBUTES, async () => calls(telemetry));
  expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
  const spans: readonly ReceivedSpan[] = receiver.spans();
  const root = spans.at(-1);
  for (const span of spans.slice(0, -1)) expect(span.parentSpanId).toBe(root?.spanId);
  return spans.slice(0, -1);
}

const REQUEST_ID = expect.stringMatching(/^[0-9a-f-]{36}$/i);

/** For a client of one of the lab's services. */
function options(endpoint: string) {
  const credentials = {
    accessKeyId: LAB_CREDENTIALS.AWS_ACCESS_KEY_ID,
    secretAccessKey: LAB_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
  };
  return { endpoint, region: LAB_REGION, credentials, maxAttempts: 1 };
}

describe('calls of Systems Manager', () => {
  test('have their request and their command; a poll has no span', async () => {
    const { ssm, client, runCommand } = watched({ nodes: 1 });
    says(ssm, 1, 'x'.repeat(3000));
    let id: string | undefined;
    const spans = await spansOf(async (telemetry) => {
      traceCalls(client, telemetry);
      ({ id } = await runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()));
      await client.send(new ListCommandsCommand({}));
      await runCommand.peek(id ?? '', farOff());
    });
    expect(spans).toMatchObject(
      ['SendCommand', 'ListCommandInvocations', 'GetCommandInvocation'].map((method) => ({
        name: `SSM.${method}`,
        kind: CLIENT_KIND,
        statusCode: 0,
        attributes: {
          'rpc.system.name': 'aws-api',
          'rpc.method': `SSM/${method}`,
          'aws.request_id': REQUEST_ID,
          'vtepwatch.command.id': id,
        },
      })),
    );
  });

  test.for([
    ['AccessDeniedException', 'access_denied'],
    ['InternalServerError', '_OTHER'],
  ] as const)(
    'that fail with %s fail their caller, and their span with %s',
    async ([type, errorType]) => {
      const { ssm, client, runCommand } = watched({ nodes: 1 });
      const error = { type, message: 'no', status: 400 };
      ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
      const spans = await spansOf(async (telemetry) => {
        traceCalls(client, telemetry);
        await expect(
          runCommand.send({ action: 'tables', targets: EVERYBODY }, deadlineIn(100)),
        ).rejects.toMatchObject({ name: type });
      });
      expect(spans[0]).toMatchObject({
        name: 'SSM.SendCommand',
        statusCode: 2,
        statusMessage: `${type}: no`,
        attributes: { 'error.type': errorType, 'aws.request_id': REQUEST_ID },
      });
    },
  );

  test('that are not answered in time are timeouts', async () => {
    const { ssm, client, runCommand } = watched({ nodes: 1 });
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'stalled' } });
    const spans = await spansOf(async (telemetry) => {
      traceCalls(client, telemetry);
      const late = runCommand.send({ action: 'tables', targets: EVERYBODY }, deadlineIn(100));
      await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    });
    expect(spans[0]).toMatchObject({ attributes: { 'error.type': 'timeout' } });
  });
});

test('calls of DynamoDB have the table, and nothing of the item', async () => {
  const service = await startDynamoDb();
  const client = new DynamoDBClient(options(service.url));
  onTestFinished(async () => {
    client.destroy();
    await service.close();
  });
  const table = { TableName: service.tableName };
  const key = { pk: { S: 'cluster#lab' }, sk: { S: 's3cret' } };
  const spans = await spansOf(async (telemetry) => {
    traceCalls(client, telemetry);
    await client.send(new PutItemCommand({ ...table, Item: key }));
    await client.send(new GetItemCommand({ ...table, Key: key }));
    const again = { ...table, Item: key, ConditionExpression: 'attribute_not_exists(pk)' };
    await expect(client.send(new PutItemCommand(again))).rejects.toThrow('conditional');
  });
  expect(spans).toMatchObject([
    { name: 'DynamoDB.PutItem', kind: CLIENT_KIND, statusCode: 0 },
    {
      name: 'DynamoDB.GetItem',
      statusCode: 0,
      attributes: {
        'rpc.system.name': 'aws-api',
        'rpc.method': 'DynamoDB/GetItem',
        'db.system.name': 'aws.dynamodb',
        'db.operation.name': 'GetItem',
        'db.collection.name': service.tableName,
        'aws.request_id': expect.any(String),
      },
    },
    { name: 'DynamoDB.PutItem', statusCode: 2, attributes: { 'error.type': '_OTHER' } },
  ]);
  expect(shown(spans)).not.toContain('s3cret');
});

test('a page that SNS takes is a message to a topic, without what the page says', async () => {
  const service = await startSns('pages');
  const client = new SNSClient(options(service.url));
  onTestFinished(async () => {
    client.destroy();
    await service.close();
  });
  const spans = await spansOf(async (telemetry) => {
    traceCalls(client, telemetry);
    await snsChannel(client, service.topicArn).deliver(pageAbout('master1'), farOff());
  });
  expect(spans).toMatchObject([
    {
      name: 'SNS.Publish',
      kind: PRODUCER_KIND,
      statusCode: 0,
      attributes: {
        'rpc.method': 'SNS/Publish',
        'messaging.system.name': 'aws.sns',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'pages',
      },
    },
  ]);
  expect(shown(spans)).not.toContain('master1');
});

describe('HTTP calls', () => {
  test('have host and port of the address, and no token of its path or query', async () => {
    const receiver = await startWebhookReceiver();
    onTestFinished(() => receiver.close());
    const url = `${receiver.url}/services/s3cret?key=s3cret`;
    const spans = await spansOf(async (telemetry) => {
      const channel = webhookChannel('lab', { url }, tracedHttpCall(telemetry, 'POST webhook'));
      await channel.deliver(pageAbout('master1'), farOff());
    });
    const { hostname, port } = new URL(url);
    expect(spans).toMatchObject([
      {
        name: 'POST webhook',
        kind: CLIENT_KIND,
        statusCode: 0,
        attributes: {
          'http.request.method': 'POST',
          'http.response.status_code': 200,
          'server.address': hostname,
          'server.port': Number(port),
        },
      },
    ]);
    expect(shown(spans)).not.toMatch(/s3cret|master1/);
  });

  test.for([
    [{ kind: 'garbled', status: 403, body: 's3cret' }, 'access_denied', 403],
    [{ kind: 'garbled', status: 500, body: 's3cret' }, '_OTHER', 500],
    [{ kind: 'dropped-before' }, '_OTHER', undefined],
    [{ kind: 'stalled' }, 'timeout', undefined],
  ] as const)('that end as %j are failed: %s, %s', async ([fault, errorType, status]) => {
    const receiver = await startWebhookReceiver();
    onTestFinished(() => receiver.close());
    receiver.gate.fail({ operation: 'POST', fault });
    const spans = await spansOf(async (telemetry) => {
      const call = tracedHttpCall(telemetry, 'POST pagerduty');
      await call({ method: 'POST', url: receiver.url }, deadlineIn(500)).catch(() => {});
    });
    expect(spans).toMatchObject([{ name: 'POST pagerduty', statusCode: 2 }]);
    expect(spans[0]?.attributes).toMatchObject({ 'error.type': errorType });
    expect(spans[0]?.attributes['http.response.status_code']).toBe(status);
    expect(shown(spans)).not.toContain('s3cret');
  });
});

describe('lists of Kubernetes', () => {
  test('are a span for each page', async () => {
    const { kubeconfig } = await smallApiServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}');
    });
    const spans = await spansOf(async (telemetry) => {
      const api = await kubernetes(kubeconfig, telemetry);
      await api.nodes(farOff());
      await api.daemonSets(farOff());
    });
    const page = {
      kind: CLIENT_KIND,
      statusCode: 0,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': Number(/127\.0\.0\.1:(\d+)/.exec(kubeconfig)?.[1]),
      },
    };
    const [nodes, ...daemonSets] = spans;
    expect(nodes).toMatchObject({ ...page, name: 'GET /api/v1/nodes' });
    // Three namespaces.
    expect(daemonSets).toHaveLength(3);
    for (const one of daemonSets) {
      expect(one).toMatchObject({ ...page, name: 'GET /apis/apps/v1/daemonsets' });
    }
  });

  test('that are refused are failed, without the words of the server', async () => {
    const { kubeconfig } = await smallApiServer((_request, response) => {
      response.writeHead(401).end('a-token is not known');
    });
    const spans = await spansOf(async (telemetry) => {
      const api = await kubernetes(kubeconfig, telemetry);
      await expect(api.nodes(farOff())).rejects.toThrow('listing the nodes');
    });
    expect(spans).toMatchObject([
      {
        statusCode: 2,
        statusMessage: 'listing the nodes: the server answered 401',
        attributes: { 'error.type': 'access_denied', 'http.response.status_code': 401 },
      },
    ]);
    expect(shown(spans)).not.toContain('token');
  });

  test('that are not answered in time are timeouts', async () => {
    const { kubeconfig } = await smallApiServer(() => {});
    const spans = await spansOf(async (telemetry) => {
      const api = await kubernetes(kubeconfig, telemetry);
      await expect(api.nodes(deadlineIn(300))).rejects.toThrow('listing the nodes');
    });
    expect(spans).toMatchObject([{ statusCode: 2, attributes: { 'error.type': 'timeout' } }]);
  });
});

function shown(spans: readonly ReceivedSpan[]): string {
  return JSON.stringify(
    spans.map(({ name, attributes, statusMessage }) => [name, attributes, statusMessage]),
  );
}
