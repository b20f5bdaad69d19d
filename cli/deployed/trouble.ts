import { errorText } from '../../lambda/error-text.ts';
import { printable } from '../../shared/core/plain-text.ts';

/** What an error of AWS means to the operator, by its name. */
const MEANINGS: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'no AWS credentials were found: log in, or set AWS_PROFILE',
  ExpiredToken: 'the AWS credentials have expired: log in again',
  ExpiredTokenException: 'the AWS credentials have expired: log in again',
  UnrecognizedClientException: 'AWS does not know these credentials',
  InvalidClientTokenId: 'AWS does not know these credentials',
  InvalidSignatureException: 'AWS does not know these credentials',
  SignatureDoesNotMatch: 'AWS does not know these credentials',
  AccessDenied: 'these AWS credentials may not do that',
  AccessDeniedException: 'these AWS credentials may not do that',
};

/** An error in one sentence: what was being done, and what is wrong. */
export function trouble(doing: string, error: unknown): Error {
  // What a function says may come from a host: it must not reach the terminal as it is.
  return new Error(printable(`${doing}: ${meaningOf(error)}`));
}

function meaningOf(error: unknown): string {
  const said = errorText(error);
  if (!(error instanceof Error)) return said;
  if (error.message === 'Region is missing') {
    return 'no region is given: use --region, or set AWS_REGION';
  }
  const meaning = Object.hasOwn(MEANINGS, error.name) ? MEANINGS[error.name] : undefined;
  return meaning === undefined ? said : `${meaning} (${said})`;
}
