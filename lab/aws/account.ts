/** The account that the lab's AWS belongs to. The number is the one that fauxqs writes into ARNs. */
export const LAB_ACCOUNT = '000000000000';

export const LAB_REGION = 'eu-central-1';

/** Nothing in the lab checks a signature; the SDK only refuses to send without keys. */
export const LAB_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIALAB0000000000000',
  AWS_SECRET_ACCESS_KEY: 'lab',
  AWS_SESSION_TOKEN: 'lab',
} as const;
