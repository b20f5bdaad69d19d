import { type WebhookDocument, webhookSchema } from '../../shared/contract/webhook.ts';
import { jsonInput } from '../aws/aws-json.ts';
import { listen } from '../aws/endpoint.ts';
import type { Endpoint, Service, ServiceReply, ServiceRequest } from '../aws/endpoint.ts';
import { createGate } from '../aws/gate.ts';
import type { Gate } from '../aws/gate.ts';
import { REAL_TIME } from '../aws/time.ts';

/** Somebody's own program that is sent pages, and heartbeats as well. */
export interface WebhookReceiver extends Endpoint {
  /** Operations are called by their method: `POST`, `GET`. */
  readonly gate: Gate;
  /** What was taken, in the order in which it came. */
  received(): readonly ReceivedDocument[];
}

interface ReceivedDocument {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it came: a signature is over these bytes. */
  readonly body: string;
  readonly document: WebhookDocument;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedDocument[] = [];
  const gate = createGate(REAL_TIME);
  const service: Service = {
    operation: ({ method }) => method,
    input: (request) => ({ path: request.path, document: jsonInput(request) }),
    answer: async (request) => take(received, request),
    refuse: refusal,
    throttled: { type: 'Throttled', message: 'slow down', status: 429 },
  };
  return { ...(await listen(service, gate)), gate, received: () => [...received] };
}

function take(received: ReceivedDocument[], request: ServiceRequest): ServiceReply {
  const { method, path, headers, body } = request;
  if (method === 'GET') return { status: 200, headers: {}, body: 'OK' };
  const document = webhookSchema.safeParse(jsonInput(request));
  if (!document.success) return { status: 400, headers: {}, body: 'not a page' };
  received.push({ path, headers, body: body.toString('utf8'), document: document.data });
  return { status: 200, headers: {}, body: 'OK' };
}

/** Many servers quote what was called. With a status of 3xx the message is where they point to. */
function refusal({ status, message }: { readonly status: number; readonly message: string }) {
  const headers = status < 400 ? { location: message } : {};
  return { status, headers, body: message };
}
