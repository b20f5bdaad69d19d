import { buildApp } from 'fauxqs';
import * as z from 'zod/mini';
import { LAB_ACCOUNT, LAB_REGION } from './account.ts';
import { jsonInput, jsonOperation } from './aws-json.ts';
import { formOf, xmlRefusal, xmlReply } from './aws-query.ts';
import { listen } from './endpoint.ts';
import type { Endpoint, Service, ServiceReply, ServiceRequest } from './endpoint.ts';
import { createGate } from './gate.ts';
import type { Gate } from './gate.ts';
import { checkPublish, textsOf } from './sns-rules.ts';
import { REAL_TIME } from './time.ts';

/**
 * fauxqs behind a gate, with one topic and a queue subscribed to it. fauxqs takes any subject and
 * drops empty attributes; `sns-rules.ts` refuses those as the service does. It also answers for SQS, so
 * that other queues can be made, subscribed and read.
 */
export interface Sns extends Endpoint {
  readonly topicArn: string;
  readonly gate: Gate;
  /** What the queue was sent, in order: a message that was published twice is there twice. */
  published(): Promise<readonly PublishedMessage[]>;
  /** What subscribers by SMS were sent. */
  shortMessages(): readonly string[];
}

export interface PublishedMessage {
  readonly id: string;
  readonly subject: string | undefined;
  readonly message: string;
  /** The values of the message attributes by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

type Emulator = ReturnType<typeof buildApp>;

const QUEUE = 'pages';
const FORM = 'application/x-www-form-urlencoded';

const queueSchema = z.object({
  messages: z.object({ ready: z.array(z.object({ body: z.string() })) }),
});

const envelopeSchema = z.object({
  MessageId: z.string(),
  Subject: z.optional(z.string()),
  Message: z.string(),
  MessageAttributes: z.optional(z.record(z.string(), z.object({ Value: z.string() }))),
});

export async function startSns(topicName = 'vtepwatch'): Promise<Sns> {
  // fauxqs' own server listens on every interface, so its application is called without a socket.
  const emulator = buildApp({ logger: false, defaultRegion: LAB_REGION });
  await emulator.ready();
  const topicArn = await subscribeQueue(emulator, topicName);

  const shortMessages: string[] = [];
  const gate = createGate(REAL_TIME);
  const service: Service = {
    operation: (request) =>
      isOfSqs(request) ? jsonOperation(request) : (formOf(request)['Action'] ?? ''),
    input: (request) => (isOfSqs(request) ? jsonInput(request) : formOf(request)),
    answer: async (request) => {
      if (isOfSqs(request)) return callSqs(emulator, request);
      const form = formOf(request);
      const broken = form['Action'] === 'Publish' ? checkPublish(form) : undefined;
      if (broken !== undefined) return xmlRefusal(broken);
      if (form['MessageStructure'] !== 'json')
        return call(emulator, request.body.toString('utf8'), request);
      const texts = textsOf(form);
      if (texts.sms !== undefined) shortMessages.push(texts.sms);
      // fauxqs does not know it: of the texts by protocol a queue gets the default.
      const { MessageStructure: _, ...others } = form;
      const payload = new URLSearchParams({ ...others, Message: texts.default }).toString();
      return call(emulator, payload, request);
    },
    refuse: xmlRefusal,
    throttled: { type: 'Throttled', message: 'Rate exceeded', status: 429 },
  };
  const endpoint = await listen(service, gate);
  return {
    url: endpoint.url,
    topicArn,
    gate,
    published: () => readQueue(emulator),
    shortMessages: () => shortMessages,
    close: async () => {
      await endpoint.close();
      await emulator.close();
    },
  };
}

async function subscribeQueue(emulator: Emulator, topicName: string): Promise<string> {
  const topicArn = `arn:aws:sns:${LAB_REGION}:${LAB_ACCOUNT}:${topicName}`;
  const queueArn = `arn:aws:sqs:${LAB_REGION}:${LAB_ACCOUNT}:${QUEUE}`;
  const created = await emulator.inject({
    method: 'POST',
    url: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.CreateQueue',
    },
    payload: JSON.stringify({ QueueName: QUEUE }),
  });
  if (created.statusCode !== 200) throw new Error(`Creating the lab's queue: ${created.payload}`);

  for (const form of [
    { Action: 'CreateTopic', Name: topicName },
    { Action: 'Subscribe', TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn },
  ]) {
    const payload = new URLSearchParams(form).toString();
    const headers = { 'content-type': FORM };
    const reply = await emulator.inject({ method: 'POST', url: '/', headers, payload });
    if (reply.statusCode !== 200) throw new Error(`${form.Action} for the lab: ${reply.payload}`);
  }
  return topicArn;
}

/** SQS speaks the JSON protocol, SNS the query protocol. */
function isOfSqs({ headers }: ServiceRequest): boolean {
  return headers['x-amz-target']?.startsWith('AmazonSQS.') === true;
}

async function callSqs(emulator: Emulator, request: ServiceRequest): Promise<ServiceReply> {
  const { 'x-amz-target': target = '', authorization = '' } = request.headers;
  const contentType = 'application/x-amz-json-1.0';
  const reply = await emulator.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': contentType, 'x-amz-target': target, authorization },
    payload: request.body.toString('utf8'),
  });
  const headers = { 'content-type': contentType };
  return { status: reply.statusCode, headers, body: reply.payload };
}

async function call(
  emulator: Emulator,
  payload: string,
  request: ServiceRequest,
): Promise<ServiceReply> {
  const reply = await emulator.inject({
    method: 'POST',
    url: '/',
    headers: {
      'content-type': FORM,
      authorization: request.headers['authorization'] ?? '',
    },
    payload,
  });
  return xmlReply(reply.statusCode, reply.payload);
}

async function readQueue(emulator: Emulator): Promise<readonly PublishedMessage[]> {
  const reply = await emulator.inject({ method: 'GET', url: `/_fauxqs/queues/${QUEUE}` });
  const queue = queueSchema.parse(JSON.parse(reply.payload));
  return queue.messages.ready.map(({ body }) => {
    const envelope = envelopeSchema.parse(JSON.parse(body));
    const attributes = Object.entries(envelope.MessageAttributes ?? {});
    return {
      id: envelope.MessageId,
      subject: envelope.Subject,
      message: envelope.Message,
      attributes: Object.fromEntries(attributes.map(([name, { Value }]) => [name, Value])),
    };
  });
}
