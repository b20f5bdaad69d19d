import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { clientConfig } from '../cli/deployed/client-config.ts';
import { trouble } from '../cli/deployed/trouble.ts';
import { Failure } from '../cli/failure.ts';

/** Where the trial takes place. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** The version of the CDK's bootstrap stack; `cdk deploy` looks for it first of all. */
const BOOTSTRAP_PARAMETER = '/cdk-bootstrap/hnb659fds/version';

const DOING = 'looking which account and Region these credentials are for';

/** The account and the Region of the credentials. Throws one sentence where the CDK cannot deploy there. */
export async function findPlace(named: string | undefined): Promise<Place> {
  const client = new SSMClient(clientConfig(named));
  try {
    const region = await client.config.region();
    const { Parameter } = await client
      .send(new GetParameterCommand({ Name: BOOTSTRAP_PARAMETER }))
      .catch((error: unknown) => {
        if (!(error instanceof ParameterNotFound)) throw error;
        throw new Failure(
          'unreachable',
          `the CDK is not bootstrapped in ${region}: run AWS_REGION=${region} npx cdk bootstrap, once for the account and Region`,
        );
      });
    const account = /^arn:[\w-]+:ssm:[\w-]+:(\d{12}):/.exec(Parameter?.ARN ?? '')?.[1];
    if (account !== undefined) return { account, region };
    throw new Error(`the parameter ${BOOTSTRAP_PARAMETER} names no account`);
  } catch (error) {
    throw error instanceof Failure ? error : trouble(DOING, error);
  } finally {
    client.destroy();
  }
}
