/** Exit statuses of a command that could not do its work: those of sysexits.h, which scripts act on. */
export const STATUS = {
  /** The command line is wrong. */
  usage: 64,
  /** A host, a service or what it should have is not there. */
  unreachable: 69,
  /** These rights do not suffice. */
  rights: 77,
} as const;

export type FailureKind = keyof typeof STATUS;

/** Why a command could not do its work, where that decides its exit status. */
export class Failure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.kind = kind;
  }

  get status(): number {
    return STATUS[this.kind];
  }
}

export function usage(message: string): Failure {
  return new Failure('usage', message);
}

/** Exit status of a command that could not do its work for another reason. */
const COULD_NOT = 2;

export function statusOf(error: unknown): number {
  return error instanceof Failure ? error.status : COULD_NOT;
}

/** What was being done, and what prevented it. It may quote a document: escape it for a terminal. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
