import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { abortAt, type Deadline, deadlineIn, nearer } from '../deadline.ts';

/** A secret that is read when it is first needed, and kept. */
export interface HeldSecret {
  read(deadline: Deadline): Promise<string>;
  /** The next read asks anew: what was refused may have been changed since. */
  forget(): void;
}

/** How long a secret may take to come. */
export const SECRET_MS = 3000;

/** A failed read is not kept. Space around the value is none of it: people paste line breaks. */
export function heldSecret(client: SSMClient, name: string): HeldSecret {
  let held: Promise<string> | undefined;
  const read = async (deadline: Deadline): Promise<string> => {
    try {
      const value = await readSecret(client, name, nearer(deadlineIn(SECRET_MS), deadline));
      return value.trim();
    } catch (error) {
      held = undefined;
      throw error;
    }
  };
  return {
    read: async (deadline) => await (held ??= read(deadline)),
    forget: () => {
      held = undefined;
    },
  };
}

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
    throw new Error(`reading the parameter ${name}`, { cause });
  }
}
