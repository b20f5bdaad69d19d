import { describe, expect, test } from 'vitest';
import { errorText } from '../../../lambda/error-text.ts';
import { cachedSecret, readSecret } from '../../../lambda/systems/secrets.ts';
import { watched, type Watched, deadlineIn, farOff } from './ssm/watched.ts';

const NAME = '/vtepwatch/lab/kubeconfig';

function holding(value: string | undefined): Watched {
  const parameters = new Map(value === undefined ? [] : [[NAME, value]]);
  return watched({ nodes: 0, parameters });
}

describe('a secret', () => {
  test('is read decrypted', async () => {
    const { ssm, client } = holding('apiVersion: v1\n');
    expect(await readSecret(client, NAME, farOff())).toBe('apiVersion: v1\n');
    expect(ssm.gate.calls).toMatchObject([{ input: { Name: NAME, WithDecryption: true } }]);
  });

  test('that is not there is an error that names the parameter', async () => {
    const { client } = holding(undefined);
    await expect(readSecret(client, NAME, farOff())).rejects.toMatchObject({
      message: `reading the parameter ${NAME}`,
      cause: { name: 'ParameterNotFound' },
    });
  });

  test('without a value is an error', async () => {
    const { ssm, client } = holding('x');
    const fault = { kind: 'garbled', status: 200, body: '{"Parameter":{}}' } as const;
    ssm.gate.fail({ operation: 'GetParameter', fault });
    const text = await readSecret(client, NAME, farOff()).catch(errorText);
    expect(text).toBe(`reading the parameter ${NAME}: it has no value`);
  });

  test('that does not come is given up at the deadline', async () => {
    const { ssm, client } = holding('x');
    ssm.gate.fail({ operation: 'GetParameter', fault: { kind: 'stalled' } });
    await expect(readSecret(client, NAME, deadlineIn(100))).rejects.toMatchObject({
      cause: { name: 'AbortError' },
    });
  });
});

describe('a held secret', () => {
  test('is read once, when it is first needed, without the space around it', async () => {
    const { ssm, client } = holding('key\n');
    const secret = cachedSecret(client, NAME);
    expect(ssm.gate.count('GetParameter')).toBe(0);
    const values = await Promise.all([secret.read(farOff()), secret.read(farOff())]);
    expect([...values, await secret.read(farOff())]).toEqual(['key', 'key', 'key']);
    expect(ssm.gate.count('GetParameter')).toBe(1);
  });

  test('is read again once it is forgotten', async () => {
    const { ssm, client } = holding('key');
    const secret = cachedSecret(client, NAME);
    await secret.read(farOff());
    secret.forget();
    await secret.read(farOff());
    expect(ssm.gate.count('GetParameter')).toBe(2);
  });

  test('that could not be read is tried again', async () => {
    const { ssm, client } = holding('key');
    const error = { type: 'InternalServerError', message: 'out of order', status: 500 };
    ssm.gate.fail({ operation: 'GetParameter', fault: { kind: 'refused', error }, times: 1 });
    const secret = cachedSecret(client, NAME);
    await expect(secret.read(farOff())).rejects.toThrow(`reading the parameter ${NAME}`);
    expect(await secret.read(farOff())).toBe('key');
  });
});
