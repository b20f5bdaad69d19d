import { USER_AGENT } from '../../shared/contract/version.ts';

interface ClientConfig {
  readonly customUserAgent: string;
  readonly region?: string;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: boolean;
  };
}

/** Milliseconds that one attempt of a call may take: a person waits at the terminal. */
const CONNECTION_MS = 5000;
const REQUEST_MS = 15_000;

/** Configuration of an AWS SDK client. Without a region the SDK reads the AWS profile. */
export function clientConfig(
  region: string | undefined,
  requestTimeout = REQUEST_MS,
): ClientConfig {
  return {
    customUserAgent: USER_AGENT,
    ...(region === undefined ? {} : { region }),
    requestHandler: {
      connectionTimeout: CONNECTION_MS,
      requestTimeout,
      throwOnRequestTimeout: true,
    },
  };
}
