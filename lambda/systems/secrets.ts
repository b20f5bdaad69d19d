import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { abortAt, type Deadline, within } from '../deadline.ts';

/** A secret that is read when it is first needed, and cached. */
export interface CachedSecret {
  read(deadline: Deadline): Promise<string>;
  /** Empties the cache: a secret that was refused may have been changed since. */
  forget(): void;
}

/** How long reading a secret may take. */
export const SECRET_MS = 3000;

/** A failed read is not cached. White space around the value is removed: people paste line breaks. */
export function cachedSecret(client: SSMClient, name: string): CachedSecret {
  let cached: Promise<string> | undefined;
  const read = async (deadline: Deadline): Promise<string> => {
    try {
      const value = await readSecret(client, name, within(SECRET_MS, deadline));
      return value.trim();
    } catch (error) {
      cached = undefined;
      throw error;
    }
  };
  return {
    read: async (deadline) => await (cached ??= read(deadline)),
    forget: () => {
      cached = undefined;
    },
  };
}

/** What needs the secret has not been done. */
export class UnreadSecret extends Error {}

/** Reads a SecureString of the Parameter Store. */
export async function readSecret(
  client: SSMClient,
  name: string,
  deadline: Deadline,
): Promise<string> {
  try {
    const { Parameter } = await client.send(
      new GetParameterCommand({ Name: name, WithDecryption: true }),
      { abortSignal: abortAt(deadline) },
    );
    if (Parameter?.Value === undefined) throw new Error('it has no value');
    return Parameter.Value;
  } catch (cause) {
    throw new UnreadSecret(`reading the parameter ${name}`, { cause });
  }
}
