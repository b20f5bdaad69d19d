import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { abortAt, type Deadline } from '../deadline.ts';

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
