import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import { refusalOf } from '../../lab/aws/aws-json.ts';
import { between } from '../chance.ts';
import type { VirtualClock } from '../virtual-clock.ts';

/** What a call sends, as far as a service reads it. */
interface ServiceCall {
  readonly operation: string;
  readonly body: string;
}

/** What the SDK hands over. */
interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A service in this process: it answers with a body, or throws what it refuses. */
type Service = (call: ServiceCall) => string;

/** A service of the AWS JSON protocol. */
export function jsonService(operate: (operation: string, input: unknown) => object): Service {
  return ({ operation, body }) => JSON.stringify(operate(operation, JSON.parse(body)));
}

/** How long a call takes, milliseconds. */
const CALL_MS = [15, 90] as const;

/**
 * A client's configuration that leads its calls to a service in this process, in virtual time. The
 * client does not retry: it would sleep in real time. Beyond its own retries the function has others.
 */
export function inProcess(clock: VirtualClock, service: Service): SSMClientConfig {
  let calls = 0;
  return {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'soak', secretAccessKey: 'soak' },
    maxAttempts: 1,
    // Nobody would check the signature.
    signer: { sign: async (request) => request },
    requestHandler: {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: async ({ headers, body }: HttpRequest) => {
        calls += 1;
        await clock.pause(between(CALL_MS, 'call', calls, clock.now()));
        const operation = headers['x-amz-target']?.split('.').at(-1) ?? '';
        return { response: replyTo(service, { operation, body: textOf(body) }) };
      },
    },
  };
}

const UTF8 = new TextDecoder();

/** The SDK's body is text or bytes. */
function textOf(body: unknown): string {
  return body instanceof Uint8Array ? UTF8.decode(body) : String(body);
}

function replyTo(service: Service, call: ServiceCall): HttpReply {
  try {
    return reply(200, service(call));
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (refusal === undefined) throw thrown;
    const { type, message, status } = refusal;
    return reply(status, JSON.stringify({ __type: type, message }));
  }
}

interface HttpReply {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function reply(statusCode: number, body: string): HttpReply {
  return {
    statusCode,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: Buffer.from(body),
  };
}
