import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { EVENT_REFUSED, NO_PAGE_EVENT } from '../../shared/contract/no-page.ts';
import { clientConfig } from './client-config.ts';
import { trouble } from './trouble.ts';

/** Longer than any function may run. */
const INVOKE_MS = 16 * 60 * 1000;

const functionErrorSchema = z.object({
  errorType: z._default(z.string(), 'Error'),
  errorMessage: z._default(z.string(), 'no reason given'),
});

/**
 * Runs the function once and returns its answer. Throws one sentence where it could not be run or
 * failed. There is no second attempt, since the first may have taken effect.
 */
export async function invoke(
  functionName: string,
  event: object,
  region: string | undefined,
): Promise<unknown> {
  const doing = `running the function ${functionName}`;
  const client = new LambdaClient({
    ...clientConfig(region, INVOKE_MS),
    maxAttempts: 1,
  });
  try {
    const { FunctionError, Payload } = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }),
    );
    const payload = readJson(Payload?.transformToString() ?? '');
    if (FunctionError === undefined) return payload;
    const { errorType, errorMessage } = functionErrorSchema.parse(payload ?? {});
    if (event === NO_PAGE_EVENT && errorMessage.startsWith(EVENT_REFUSED)) throw new Error(TOO_OLD);
    throw new Error(`it failed with ${errorType}: ${errorMessage}; see its log`);
  } catch (error) {
    throw trouble(doing, worded(error));
  } finally {
    client.destroy();
  }
}

const TOO_OLD =
  'it is of an earlier version that cannot run without paging, and refused: nothing was checked and nobody paged. ' +
  'Deploy this version, or leave out --no-page: then it pages what it finds';

const WORDS: Readonly<Record<string, string>> = {
  TooManyRequestsException: 'it is busy with a scheduled run; try again in a minute',
  ResourceNotFoundException: 'it does not exist, although the stack names it',
};

function worded(error: unknown): unknown {
  return error instanceof Error && Object.hasOwn(WORDS, error.name) ? WORDS[error.name] : error;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
