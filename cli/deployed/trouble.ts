import { errorText } from '../../lambda/error-text.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { Failure, type FailureKind } from '../failure.ts';

/** What an error of AWS comes to, and what to do next. */
interface Meaning {
  readonly kind: FailureKind;
  readonly says: string;
}

const EXPIRED: Meaning = {
  kind: 'rights',
  says: 'the AWS credentials have expired: log in again, for example with aws sso login',
};
const UNKNOWN: Meaning = {
  kind: 'rights',
  says: 'AWS does not know these credentials: check AWS_PROFILE with aws sts get-caller-identity',
};
const REFUSED: Meaning = {
  kind: 'rights',
  says: 'these AWS credentials may not do that: use others, or have NEEDED allowed',
};
const UNREACHED: Meaning = {
  kind: 'unreachable',
  says: 'AWS did not answer: check the network, and --region',
};

/** By the names of errors. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  CredentialsProviderError: {
    kind: 'rights',
    says: 'no AWS credentials were found: log in, or set AWS_PROFILE',
  },
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  UnrecognizedClientException: UNKNOWN,
  InvalidClientTokenId: UNKNOWN,
  InvalidSignatureException: UNKNOWN,
  SignatureDoesNotMatch: UNKNOWN,
  AccessDenied: REFUSED,
  AccessDeniedException: REFUSED,
  AuthorizationError: REFUSED,
  TimeoutError: UNREACHED,
};

/** Codes of a connection that did not come about. */
const UNCONNECTED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** Whether an error, or its text, says that AWS refused because of the operator's rights. */
export function isRefusal(error: unknown): boolean {
  const name = error instanceof Error ? error.name : /\b([A-Z]\w+): /.exec(String(error))?.[1];
  return name !== undefined && Object.hasOwn(MEANINGS, name) && MEANINGS[name]?.kind === 'rights';
}

/**
 * An error in one sentence: what was being done, what is wrong, and what to do. `needed` has the rights that it
 * takes.
 */
export function trouble(doing: string, error: unknown, needed = 'the action'): Error {
  const meaning = meaningOf(error);
  const said = errorText(error);
  const isWhole = meaning === undefined || meaning.kind === 'usage';
  const says = meaning?.says.replace('NEEDED', () => needed);
  const text = isWhole ? (says ?? said) : `${says} (${said})`;
  // What a function says may come from a host: it must not reach the terminal as it is.
  const message = printable(`${doing}: ${text}`);
  return meaning === undefined ? new Error(message) : new Failure(meaning.kind, message);
}

function meaningOf(error: unknown): Meaning | undefined {
  if (error instanceof Failure) return undefined;
  if (!(error instanceof Error)) return undefined;
  if (error.message === 'Region is missing') {
    return { kind: 'usage', says: 'no region is given: use --region, or set AWS_REGION' };
  }
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const says =
      'this address is not known: check the network, and --region, which must be one of AWS, such as eu-central-1';
    return { kind: 'unreachable', says };
  }
  if (UNCONNECTED.has(code)) return UNREACHED;
  return Object.hasOwn(MEANINGS, error.name) ? MEANINGS[error.name] : undefined;
}
