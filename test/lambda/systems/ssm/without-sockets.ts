/** The real SDK's client for an account of the lab's Systems Manager, with no connection between them. */
import { SSMClient } from '@aws-sdk/client-ssm';
import { exchange, type ServiceReply } from '../../../../lab/aws/endpoint.ts';
import type { SsmAccount } from '../../../../lab/aws/ssm/ssm.ts';
import type { Clock } from '../../../../lambda/deadline.ts';

/** What the SDK hands to whatever carries its requests. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface SdkOptions {
  readonly abortSignal?: AbortSignal;
}

interface Handled {
  readonly response: {
    readonly statusCode: number;
    readonly headers: ServiceReply['headers'];
    readonly body: Buffer;
  };
}

export function clientWithoutSockets(
  account: Pick<SsmAccount, 'service' | 'gate'>,
  clock: Clock,
  maxAttempts = 1,
): SSMClient {
  return new SSMClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
    requestHandler: {
      handle: async (request: SdkRequest, { abortSignal }: SdkOptions = {}): Promise<Handled> => {
        if (abortSignal?.aborted) throw aborted();
        const { service, gate } = account;
        const { buffer, byteOffset, byteLength } = request.body;
        const body = Buffer.from(buffer, byteOffset, byteLength);
        const outcome = await exchange(service, gate, { ...request, body });
        switch (outcome.kind) {
          case 'replied': {
            const { status, headers, body: text } = outcome.reply;
            return { response: { statusCode: status, headers, body: Buffer.from(text) } };
          }
          case 'dropped':
            throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
          case 'stalled':
            await clock.pause(FOR_EVER_MS, abortSignal);
            throw aborted();
        }
      },
    },
  });
}

/** No deadline of a test is as late. */
const FOR_EVER_MS = 86_400_000;

/** As the SDK's own handler throws it. */
function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' });
}
