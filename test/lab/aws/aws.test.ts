import { expect, onTestFinished, test } from 'vitest';
import { startAws } from '../../../lab/aws/aws.ts';
import { documentOf } from './ssm/account.ts';

test('the environment names the services and what is in them', async () => {
  const aws = await startAws({ nodes: [], document: documentOf('') });
  onTestFinished(() => aws.close());
  expect(aws.environment).toMatchObject({
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_SSM: aws.ssm.url,
    AWS_ENDPOINT_URL_DYNAMODB: aws.dynamoDb.url,
    AWS_ENDPOINT_URL_SNS: aws.sns.url,
    VTEPWATCH_DOCUMENT: expect.any(String),
    VTEPWATCH_TABLE: aws.dynamoDb.tableName,
    VTEPWATCH_TOPIC_ARN: aws.sns.topicArn,
  });
  for (const url of [aws.ssm.url, aws.dynamoDb.url, aws.sns.url]) {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  }
});
