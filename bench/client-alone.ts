/** What the size and the import of the function's bundle are measured by. */
export * from '@aws-sdk/client-ssm';
