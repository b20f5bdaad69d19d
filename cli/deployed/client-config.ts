interface ClientConfig {
  readonly region?: string;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: boolean;
  };
}

/** Bounds one try of a call: somebody sits before a terminal. In milliseconds. */
const CONNECTION_MS = 5000;
const REQUEST_MS = 15_000;

/** How a client of the AWS SDK is made. Without a region it looks into the AWS profile. */
export function clientConfig(
  region: string | undefined,
  requestTimeout = REQUEST_MS,
): ClientConfig {
  return {
    ...(region === undefined ? {} : { region }),
    requestHandler: {
      connectionTimeout: CONNECTION_MS,
      requestTimeout,
      throwOnRequestTimeout: true,
    },
  };
}
