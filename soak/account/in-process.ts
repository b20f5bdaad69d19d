import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import { refusalOf } from '../../lab/aws/aws-json.ts';
import { between } from '../chance.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { Process, ServiceName } from './wire.ts';

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

/** A service in this process. */
export interface Service {
  readonly name: ServiceName;
  /** Answers with a body, or throws what it refuses. */
  answer(call: ServiceCall): string;
  /** The body of a refusal. */
  refusal(type: string): string;
}

/** A service of the AWS JSON protocol. */
export function jsonService(
  name: ServiceName,
  operate: (operation: string, input: unknown) => object,
): Service {
  return {
    name,
    answer: ({ operation, body }) => JSON.stringify(operate(operation, JSON.parse(body))),
    refusal: (type) => JSON.stringify({ __type: type, message: type }),
  };
}

/** How long a call takes, milliseconds. */
const CALL_MS = [15, 90] as const;

/**
 * A client's configuration that leads its calls to a service in this process, in virtual time. The
 * client does not retry: it would sleep in real time. Beyond its own retries the function has others.
 */
export function inProcess(
  clock: VirtualClock,
  process: Process,
  service: Service,
): SSMClientConfig {
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
        const response = await process.call(
          { service: service.name, operation },
          () => replyTo(service, { operation, body: textOf(body) }),
          (fault) => refused(service, fault),
        );
        return { response };
      },
    },
  };
}

const UTF8 = new TextDecoder();

/** The SDK's body is text or bytes. */
function textOf(body: unknown): string {
  return body instanceof Uint8Array ? UTF8.decode(body) : String(body);
}

function refused(service: Service, fault: 'refused' | 'throttled'): HttpReply {
  return fault === 'refused'
    ? reply(403, service.refusal('AccessDeniedException'))
    : reply(400, service.refusal('ThrottlingException'));
}

function replyTo(service: Service, call: ServiceCall): HttpReply {
  try {
    return reply(200, service.answer(call));
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
