/**
 * The query protocol, which SNS and CloudFormation speak: a form goes in, XML comes out.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import { randomUUID } from 'node:crypto';
import type { ServiceReply, ServiceRequest } from './endpoint.ts';
import type { ServiceError } from './gate.ts';

export function formOf(request: ServiceRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(request.body.toString('utf8')));
}

export function xmlReply(status: number, body: string): ServiceReply {
  const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() };
  return { status, headers, body };
}

export function xmlRefusal(error: ServiceError): ServiceReply {
  const fault = error.status < 500 ? 'Sender' : 'Receiver';
  const body = [
    `<ErrorResponse><Error><Type>${fault}</Type><Code>${escapeXml(error.type)}</Code>`,
    `<Message>${escapeXml(error.message)}</Message></Error>`,
    '<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>',
  ].join('');
  return xmlReply(error.status, body);
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
