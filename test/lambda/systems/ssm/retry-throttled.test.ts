import { ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { retryThrottled, RETRIES } from '../../../../lambda/systems/ssm/retry-throttled.ts';
import { watched, deadlineIn, farOff } from './watched.ts';

const THROTTLED = {
  kind: 'refused',
  error: { type: 'ThrottlingException', message: 'Rate exceeded', status: 400 },
} as const;

describe('retryThrottled', () => {
  test('calls again while the service throttles', async () => {
    const { ssm, client } = watched({ nodes: 1 });
    ssm.gate.fail({ operation: 'ListCommands', fault: THROTTLED, times: 2 });
    const list = new ListCommandsCommand({});
    expect(await retryThrottled(() => client.send(list), farOff())).toMatchObject({ Commands: [] });
    expect(ssm.gate.count('ListCommands')).toBe(3);
  });

  test('gives up when the time is up, with what the service said', async () => {
    const { ssm, client } = watched({ nodes: 1 });
    ssm.gate.fail({ operation: 'ListCommands', fault: THROTTLED });
    const list = new ListCommandsCommand({});
    await expect(retryThrottled(() => client.send(list), deadlineIn(1200))).rejects.toMatchObject({
      name: 'ThrottlingException',
    });
    expect(ssm.gate.count('ListCommands')).toBe(2);
  });

  test.for(['AccessDeniedException', 'InternalServerError', 'InvalidNextToken'])(
    'does not ask again after %s',
    async (type) => {
      const { ssm, client } = watched({ nodes: 1 });
      const error = { type, message: 'no', status: 400 };
      ssm.gate.fail({ operation: 'ListCommands', fault: { kind: 'refused', error } });
      const list = new ListCommandsCommand({});
      await expect(retryThrottled(() => client.send(list), farOff())).rejects.toMatchObject({
        name: type,
      });
      expect(ssm.gate.count('ListCommands')).toBe(1);
    },
  );
});

test('a client that was throttled once is not slow for good', async () => {
  const client = new SSMClient({ ...RETRIES, region: 'eu-central-1' });
  onTestFinished(() => client.destroy());
  const strategy = await client.config.retryStrategy();
  // The adaptive strategy holds back every later call by its limiter.
  expect(strategy).toMatchObject({ mode: 'standard' });
  expect(strategy).not.toHaveProperty('rateLimiter');
});
