import type { Invocation } from '../function/function.ts';
import { jsonInput } from './aws-json.ts';
import { listen } from './endpoint.ts';
import type { Endpoint, Service, ServiceReply } from './endpoint.ts';
import { createGate } from './gate.ts';
import type { Gate, ServiceError } from './gate.ts';
import { REAL_TIME } from './time.ts';

/** The account's functions, which can be invoked and waited for. Each has a concurrency of one. */
export interface Lambda extends Endpoint {
  readonly gate: Gate;
}

type Functions = Readonly<Record<string, (event: unknown) => Promise<Invocation>>>;

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

export async function startLambda(functions: Functions): Promise<Lambda> {
  const gate = createGate(REAL_TIME);
  const busy = new Set<string>();
  const invoke = async (name: string, event: unknown): Promise<ServiceReply> => {
    const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (run === undefined) return refusal(notThere(name));
    if (busy.has(name)) return refusal(BUSY);
    busy.add(name);
    try {
      return returned(await run(event));
    } finally {
      busy.delete(name);
    }
  };
  const service: Service = {
    operation: ({ method, path }) => (method === 'POST' && INVOKE.test(path) ? 'Invoke' : ''),
    input: jsonInput,
    answer: async (request) =>
      invoke(decodeURIComponent(INVOKE.exec(request.path)?.[1] ?? ''), jsonInput(request)),
    refuse: refusal,
    throttled: { type: 'TooManyRequestsException', message: 'Rate exceeded', status: 429 },
  };
  return { ...(await listen(service, gate)), gate };
}

const BUSY: ServiceError = {
  type: 'TooManyRequestsException',
  message: 'Rate Exceeded.',
  status: 429,
};

function notThere(name: string): ServiceError {
  return { type: 'ResourceNotFoundException', message: `Function not found: ${name}`, status: 404 };
}

function returned(invocation: Invocation): ServiceReply {
  switch (invocation.kind) {
    case 'result':
      return { status: 200, headers: {}, body: JSON.stringify(invocation.result) };
    case 'error': {
      const headers = { 'x-amz-function-error': 'Unhandled' };
      return { status: 200, headers, body: JSON.stringify(invocation.error) };
    }
  }
}

function refusal({ type, message, status }: ServiceError): ServiceReply {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': type };
  return { status, headers, body: JSON.stringify({ Type: 'User', message }) };
}
