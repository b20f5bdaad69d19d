/** The three services that the function uses, started together, and the way to them. */
import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import { LAB_CREDENTIALS, LAB_REGION } from './account.ts';
import { startDynamoDb } from './dynamodb.ts';
import type { DynamoDb } from './dynamodb.ts';
import { startSns } from './sns.ts';
import type { Sns } from './sns.ts';
import { startSsm } from './ssm/ssm.ts';
import type { Ssm, SsmOptions } from './ssm/ssm.ts';

export interface Aws {
  readonly ssm: Ssm;
  readonly dynamoDb: DynamoDb;
  readonly sns: Sns;
  /** The SDK's variables for these services, and the function's own that name what is in them. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

type AwsOptions = Omit<SsmOptions, 'documents'> & {
  /** The content of the account's one document. */
  readonly document: object;
};

const DOCUMENT_NAME = 'vtepwatch-Probe';

export async function startAws({ document, ...options }: AwsOptions): Promise<Aws> {
  const documents = new Map([[DOCUMENT_NAME, document]]);
  const ssm = await startSsm({ ...options, documents });
  const dynamoDb = await startDynamoDb();
  const sns = await startSns();
  return {
    ssm,
    dynamoDb,
    sns,
    environment: {
      ...LAB_CREDENTIALS,
      AWS_REGION: LAB_REGION,
      AWS_ENDPOINT_URL_SSM: ssm.url,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
      AWS_ENDPOINT_URL_SNS: sns.url,
      [ENVIRONMENT.document]: DOCUMENT_NAME,
      [ENVIRONMENT.table]: dynamoDb.tableName,
      [ENVIRONMENT.topicArn]: sns.topicArn,
    },
    close: async () => {
      await Promise.all([ssm.close(), dynamoDb.close(), sns.close()]);
    },
  };
}
