import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import { expect, onTestFinished, test } from 'vitest';
import { startSns } from '../../../lab/aws/sns.ts';
import type { Sns } from '../../../lab/aws/sns.ts';

interface Topic {
  readonly sns: Sns;
  readonly publish: (input: Partial<PublishCommandInput>) => Promise<string | undefined>;
}

async function topic(): Promise<Topic> {
  const sns = await startSns();
  onTestFinished(() => sns.close());
  const client = new SNSClient({
    endpoint: sns.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return {
    sns,
    publish: async (input) => {
      const request = { TopicArn: sns.topicArn, Message: 'm', ...input };
      return (await client.send(new PublishCommand(request))).MessageId;
    },
  };
}

test('what was published is there in order, with subject, text and attributes', async () => {
  const { sns, publish } = await topic();
  const id = await publish({
    Subject: 'master1 is cut off',
    Message: '{"key":"lab/subject/master1"} – <&>\n',
    MessageAttributes: { severity: { DataType: 'String', StringValue: 'critical' } },
  });
  await publish({ Message: 'second' });
  expect(await sns.published()).toEqual([
    {
      id,
      subject: 'master1 is cut off',
      message: '{"key":"lab/subject/master1"} – <&>\n',
      attributes: { severity: 'critical' },
    },
    { id: expect.any(String), subject: undefined, message: 'second', attributes: {} },
  ]);
});

test('reading what was published takes nothing away', async () => {
  const { sns, publish } = await topic();
  await publish({});
  await sns.published();
  expect(await sns.published()).toHaveLength(1);
});

test('a page whose answer is lost has been published', async () => {
  const { sns, publish } = await topic();
  sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-after' }, times: 1 });
  await expect(publish({})).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await sns.published()).toHaveLength(1);
  sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-before' }, times: 1 });
  await expect(publish({})).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await sns.published()).toHaveLength(1);
});

test.for([
  { what: 'a subject of 100 characters', input: { Subject: 'x'.repeat(100) } },
  { what: 'a subject that is not ASCII', input: { Subject: 'master1 – cut off' } },
  { what: 'a subject with a line break', input: { Subject: 'one\ntwo' } },
  { what: 'a message over 256 KiB', input: { Message: 'x'.repeat(262_145) } },
  {
    what: 'an attribute without a value',
    input: { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } },
  },
])('$what is refused', async ({ input }) => {
  const { sns, publish } = await topic();
  await expect(publish(input)).rejects.toMatchObject({ $fault: 'client' });
  expect(await sns.published()).toEqual([]);
});

test('an unknown topic is refused', async () => {
  const { publish } = await topic();
  const TopicArn = 'arn:aws:sns:eu-central-1:000000000000:other';
  await expect(publish({ TopicArn })).rejects.toMatchObject({ name: 'NotFoundException' });
});

test('a refusal is an exception with the given name', async () => {
  const { sns, publish } = await topic();
  const error = { type: 'AuthorizationError', message: 'not <allowed>', status: 403 };
  sns.gate.fail({ operation: 'Publish', fault: { kind: 'refused', error } });
  await expect(publish({})).rejects.toMatchObject({
    name: 'AuthorizationErrorException',
    message: 'not <allowed>',
  });
  expect(sns.gate.calls).toMatchObject([{ operation: 'Publish', input: { Message: 'm' } }]);
});
