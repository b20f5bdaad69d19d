/**
 * The inputs of the operations, with the limits of the service's model (botocore,
 * data/ssm/2014-11-06/service-2.json).
 */
import * as z from 'zod/mini';

const least = (length: number): string =>
  `Member must have length greater than or equal to ${length}`;
const most = (length: number): string => `Member must have length less than or equal to ${length}`;
const form = (pattern: RegExp): string =>
  `Member must satisfy regular expression pattern: ${pattern.source}`;

function text(from: number, to: number): z.ZodMiniString {
  return z.string().check(z.minLength(from, least(from)), z.maxLength(to, most(to)));
}

function patterned(pattern: RegExp): z.ZodMiniString {
  return z.string().check(z.regex(pattern, form(pattern)));
}

function count(from: number, to: number): z.ZodMiniNumber {
  return z
    .int()
    .check(
      z.gte(from, `Member must have value greater than or equal to ${from}`),
      z.lte(to, `Member must have value less than or equal to ${to}`),
    );
}

function list<T extends z.ZodMiniType>(item: T, from: number, to: number): z.ZodMiniArray<T> {
  return z.array(item).check(z.minLength(from, least(from)), z.maxLength(to, most(to)));
}

/** The SDK leaves out what is undefined; other clients may send null for it. */
const maybe = <T extends z.ZodMiniType>(schema: T): z.ZodMiniOptional<T> => z.optional(schema);

const instanceId = patterned(/^(?:i-(?:\w{8}|\w{17})|mi-\w{17})$/);
const commandId = text(36, 36);
const nextToken = z.string();

const target = z.object({
  Key: text(1, 163).check(z.regex(/^[\p{L}\p{Z}\p{N}_.:/=\-@]*$/u, 'Member is no target key')),
  Values: list(z.string(), 0, 50),
});

const commandFilter = z.object({ key: z.string(), value: text(1, 128) });

export const sendCommandRequest = z.object({
  DocumentName: patterned(/^[\w\-.:/]{3,128}$/),
  DocumentVersion: maybe(patterned(/^(?:\$LATEST|\$DEFAULT|[1-9][0-9]*)$/)),
  InstanceIds: maybe(list(instanceId, 0, 50)),
  Targets: maybe(list(target, 0, 5)),
  TimeoutSeconds: maybe(count(30, 2_592_000)),
  Comment: maybe(text(0, 100)),
  Parameters: maybe(z.record(z.string(), z.array(z.string()))),
  MaxConcurrency: maybe(patterned(/^(?:[1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/)),
  MaxErrors: maybe(patterned(/^(?:[1-9][0-9]*|0|[1-9][0-9]%|[0-9]%|100%)$/)),
});

export const listCommandsRequest = z.object({
  CommandId: maybe(commandId),
  InstanceId: maybe(instanceId),
  MaxResults: maybe(count(1, 50)),
  NextToken: maybe(nextToken),
  Filters: maybe(list(commandFilter, 1, 5)),
});

export const listCommandInvocationsRequest = z.object({
  CommandId: maybe(commandId),
  InstanceId: maybe(instanceId),
  MaxResults: maybe(count(1, 50)),
  NextToken: maybe(nextToken),
  Filters: maybe(list(commandFilter, 1, 5)),
  Details: maybe(z.boolean()),
});

export const getCommandInvocationRequest = z.object({
  CommandId: commandId,
  InstanceId: instanceId,
  PluginName: maybe(text(4, 500)),
});

export const cancelCommandRequest = z.object({
  CommandId: commandId,
  InstanceIds: maybe(list(instanceId, 0, 50)),
});

export const describeInstanceInformationRequest = z.object({
  Filters: maybe(list(z.object({ Key: text(1, 200), Values: list(text(1, 512), 1, 100) }), 0, 50)),
  MaxResults: maybe(count(5, 50)),
  NextToken: maybe(nextToken),
});

export const getParameterRequest = z.object({
  Name: text(1, 2048),
  WithDecryption: maybe(z.boolean()),
});

export const listDocumentVersionsRequest = z.object({
  Name: text(3, 1600),
  MaxResults: maybe(count(1, 50)),
  NextToken: maybe(nextToken),
});

const documentName = patterned(/^[\w\-.]{3,128}$/);

const tag = z.object({ Key: text(1, 128), Value: text(0, 256) });

export const createDocumentRequest = z.object({
  Name: documentName,
  Content: text(1, 65_536),
  DocumentType: z.literal('Command'),
  DocumentFormat: z.literal('JSON'),
  TargetType: maybe(patterned(/^\/[\w.\-:/]*$/)),
  Tags: maybe(list(tag, 0, 1000)),
});

/** Of GetDocument and DescribeDocument. */
export const getDocumentRequest = z.object({
  Name: patterned(/^[\w\-.:/]{3,128}$/),
  DocumentVersion: maybe(z.enum(['1', '$LATEST', '$DEFAULT'])),
});

export const deleteDocumentRequest = z.object({ Name: documentName });

const documentFilter = z.object({ Key: text(1, 128), Values: maybe(list(text(1, 256), 1, 5)) });

export const listDocumentsRequest = z.object({
  Filters: maybe(list(documentFilter, 0, 5)),
  MaxResults: maybe(count(1, 50)),
  NextToken: maybe(nextToken),
});

export type CreateDocumentRequest = z.infer<typeof createDocumentRequest>;
export type GetDocumentRequest = z.infer<typeof getDocumentRequest>;
export type ListDocumentsRequest = z.infer<typeof listDocumentsRequest>;
export type SendCommandRequest = z.infer<typeof sendCommandRequest>;
export type ListCommandsRequest = z.infer<typeof listCommandsRequest>;
export type ListCommandInvocationsRequest = z.infer<typeof listCommandInvocationsRequest>;
export type GetCommandInvocationRequest = z.infer<typeof getCommandInvocationRequest>;
export type CancelCommandRequest = z.infer<typeof cancelCommandRequest>;
export type DescribeInstanceInformationRequest = z.infer<typeof describeInstanceInformationRequest>;
export type GetParameterRequest = z.infer<typeof getParameterRequest>;
