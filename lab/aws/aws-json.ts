/**
 * The AWS JSON protocol, which SSM speaks as 1.1 and DynamoDB as 1.0: one POST, the operation in a
 * header, the input in the body. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import { randomUUID } from 'node:crypto';
import type { ServiceReply, ServiceRequest } from './endpoint.ts';
import type { ServiceError } from './gate.ts';

/** `AmazonSSM.SendCommand` names `SendCommand`; a request without a target names nothing. */
export function jsonOperation(request: ServiceRequest): string {
  return request.headers['x-amz-target']?.split('.').at(-1) ?? '';
}

/** `undefined` for a body that is no JSON. */
export function jsonInput(request: ServiceRequest): unknown {
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function jsonReply(body: object, version: '1.0' | '1.1'): ServiceReply {
  return { status: 200, headers: headersOf(version), body: JSON.stringify(body) };
}

/** The model's exceptions spell their text `Message` or `message`; a client reads both. */
export function jsonRefusal(error: ServiceError, version: '1.0' | '1.1'): ServiceReply {
  const body = JSON.stringify({ __type: error.type, message: error.message });
  return { status: error.status, headers: headersOf(version), body };
}

/** What an operation throws to be answered with `error`. */
function refusal(error: ServiceError): Error {
  return new Error(`${error.type}: ${error.message}`, { cause: error });
}

/** A client's mistake: status 400. */
export function clientError(type: string, message: string): Error {
  return refusal({ type, message, status: 400 });
}

/** The error that `refusal` carries; `undefined` for any other throw. */
export function refusalOf(thrown: unknown): ServiceError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { cause } = thrown;
  return isServiceError(cause) ? cause : undefined;
}

function headersOf(version: string): Readonly<Record<string, string>> {
  return {
    'content-type': `application/x-amz-json-${version}`,
    'x-amzn-requestid': randomUUID(),
  };
}

function isServiceError(value: unknown): value is ServiceError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'message' in value &&
    'status' in value
  );
}
