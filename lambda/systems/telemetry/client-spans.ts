import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import { httpCall, type HttpCaller } from '../http-call.ts';
import { errorTypeNamed } from './error-type.ts';
import type { Recorder } from './recorder.ts';

/**
 * Calls to outside systems as spans, each below the span in which it is made. Their attributes are
 * those of OpenTelemetry's conventions for the AWS SDK, DynamoDB, SNS and HTTP clients. No attribute
 * has anything that was sent or answered, but names and ids.
 */

/** Makes the calls of an AWS client spans: those that the contract has a span for. */
export function traceCalls(
  client: Pick<SSMClient | DynamoDBClient | SNSClient, 'middlewareStack'>,
  recorder: Recorder,
): void {
  client.middlewareStack.add(awsSpans(recorder), { step: 'initialize', name: 'vtepwatchSpans' });
}

interface AwsArguments {
  readonly input: object;
}

interface AwsResult {
  readonly output: { readonly $metadata: { readonly requestId?: string | undefined } };
}

interface AwsContext {
  readonly clientName?: string;
  readonly commandName?: string;
}

function awsSpans(recorder: Recorder) {
  return <Args extends AwsArguments, Result extends AwsResult>(
    next: (args: Args) => Promise<Result>,
    { clientName = '', commandName = '' }: AwsContext,
  ) =>
    async (args: Args): Promise<Result> => {
      const service = clientName.replace(/Client$/, '');
      const operation = commandName.replace(/Command$/, '');
      return await inSpan(recorder, { service, operation, input: args.input }, async (annotate) => {
        try {
          const result = await next(args);
          annotate({ 'aws.request_id': result.output.$metadata.requestId });
          return result;
        } catch (error) {
          annotate({ 'aws.request_id': failedSchema.safeParse(error).data?.$metadata.requestId });
          throw error;
        }
      });
    };
}

const failedSchema = z.object({ $metadata: z.object({ requestId: z.optional(z.string()) }) });

interface AwsCall {
  readonly service: string;
  readonly operation: string;
  readonly input: object;
}

type Annotate = (more: { readonly 'aws.request_id': string | undefined }) => void;

async function inSpan<Result extends AwsResult>(
  recorder: Recorder,
  { service, operation, input }: AwsCall,
  work: (annotate: Annotate) => Promise<Result>,
): Promise<Result> {
  const name = `${service}.${operation}`;
  const rpc = { 'rpc.system.name': 'aws-api', 'rpc.method': `${service}/${operation}` } as const;
  const { CommandId, TableName = '', TopicArn = '' } = inputSchema.parse(input);
  switch (name) {
    case 'SSM.SendCommand':
    case 'SSM.ListCommandInvocations':
    case 'SSM.GetCommandInvocation':
      return await recorder.span(name, rpc, async (annotate) => {
        annotate({ 'vtepwatch.command.id': CommandId });
        const result = await work(annotate);
        const sent = sentSchema.safeParse(result.output).data;
        annotate({ 'vtepwatch.command.id': sent?.Command.CommandId });
        return result;
      });
    case 'DynamoDB.GetItem':
    case 'DynamoDB.PutItem':
    case 'DynamoDB.UpdateItem': {
      const database = {
        'db.system.name': 'aws.dynamodb',
        'db.operation.name': operation,
        'db.collection.name': TableName,
      } as const;
      return await recorder.span(name, { ...rpc, ...database }, work);
    }
    case 'SNS.Publish': {
      const message = {
        'messaging.system.name': 'aws.sns',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': TopicArn.slice(TopicArn.lastIndexOf(':') + 1),
        'aws.sns.topic.arn': TopicArn,
      } as const;
      return await recorder.span(name, { ...rpc, ...message }, work);
    }
    default:
      return await work(() => {});
  }
}

const inputSchema = z.object({
  CommandId: z.optional(z.string()),
  TableName: z.optional(z.string()),
  TopicArn: z.optional(z.string()),
});

const sentSchema = z.object({ Command: z.object({ CommandId: z.string() }) });

/** One HTTP request. */
interface Request {
  readonly name:
    | 'POST pagerduty'
    | 'POST webhook'
    | 'GET /api/v1/nodes'
    | 'GET /apis/apps/v1/daemonsets';
  readonly method: 'GET' | 'POST';
  /** Absolute. Host and port are all of it that a span has: the path may be a secret. */
  readonly url: string;
}

/** Makes an HTTP request a span. `work` reports the status of the answer, if one came. */
export async function requestSpan<T>(
  recorder: Recorder,
  { name, method, url }: Request,
  work: (answered: (status: number) => void) => Promise<T>,
): Promise<T> {
  const { protocol, hostname, port } = new URL(url);
  const attributes = {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'http:' ? 80 : 443),
  } as const;
  return await recorder.span(name, attributes, async (annotate) =>
    work((status) => {
      annotate({
        'http.response.status_code': status,
        'error.type': status >= 400 ? errorTypeNamed(String(status)) : undefined,
      });
    }),
  );
}

/** `httpCall` as a span of this name. */
export function tracedHttpCall(recorder: Recorder, name: Request['name']): HttpCaller {
  return async (call, deadline) =>
    await requestSpan(recorder, { ...call, name }, async (answered) => {
      const answer = await httpCall(call, deadline);
      answered(answer.status);
      return answer;
    });
}
