/**
 * What became of a command on one node, in the words of `StatusDetails`.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
 */
export type InvocationStatus = 'Pending' | 'Delayed' | 'InProgress' | 'Cancelling' | FinalStatus;

export type FinalStatus =
  | 'Success'
  | 'Failed'
  | 'ExecutionTimedOut'
  | 'DeliveryTimedOut'
  | 'Undeliverable'
  | 'Cancelled'
  | 'Terminated'
  | 'InvalidPlatform'
  | 'AccessDenied';

/** The coarser word that the API's `Status` has for each. */
const STATUS = {
  Pending: 'Pending',
  Delayed: 'Delayed',
  InProgress: 'InProgress',
  Cancelling: 'Cancelling',
  Success: 'Success',
  Failed: 'Failed',
  ExecutionTimedOut: 'TimedOut',
  DeliveryTimedOut: 'TimedOut',
  Undeliverable: 'Failed',
  Cancelled: 'Cancelled',
  Terminated: 'Cancelled',
  InvalidPlatform: 'Failed',
  AccessDenied: 'Failed',
} as const satisfies Record<InvocationStatus, string>;

/** A plugin knows no delays, and nothing of being cancelled until it is over. */
const PLUGIN_STATUS = {
  ...STATUS,
  Delayed: 'Pending',
  Cancelling: 'InProgress',
} as const satisfies Record<InvocationStatus, string>;

/** `joined` is the API's spelling, `spaced` that of the documentation and the console. */
export type Spelling = 'joined' | 'spaced';

export interface StatusPair {
  readonly Status: string;
  readonly StatusDetails: string;
}

export function invocationStatus(status: InvocationStatus, spelling: Spelling): StatusPair {
  return { Status: STATUS[status], StatusDetails: spell(status, spelling) };
}

export function pluginStatus(status: InvocationStatus, spelling: Spelling): StatusPair {
  return { Status: PLUGIN_STATUS[status], StatusDetails: spell(status, spelling) };
}

export function isFinal(status: InvocationStatus): status is FinalStatus {
  switch (status) {
    case 'Pending':
    case 'Delayed':
    case 'InProgress':
    case 'Cancelling':
      return false;
    case 'Success':
    case 'Failed':
    case 'ExecutionTimedOut':
    case 'DeliveryTimedOut':
    case 'Undeliverable':
    case 'Cancelled':
    case 'Terminated':
    case 'InvalidPlatform':
    case 'AccessDenied':
      return true;
  }
}

/** Only these count against MaxErrors. */
export function isError(status: InvocationStatus): boolean {
  return status === 'Failed' || status === 'ExecutionTimedOut';
}

/** What the whole command shows for its invocations' statuses. */
export function commandStatus(
  statuses: readonly InvocationStatus[],
  errorsAllowed: number,
  spelling: Spelling,
): StatusPair {
  const of = (Status: string, details: string): StatusPair => ({
    Status,
    StatusDetails: spell(details, spelling),
  });
  if (statuses.length === 0) return of('Failed', 'NoInstancesInTag');
  if (statuses.every((status) => status === 'Pending')) return of('Pending', 'Pending');
  if (statuses.some((status) => !isFinal(status))) {
    return statuses.includes('Cancelling')
      ? of('Cancelling', 'Cancelling')
      : of('InProgress', 'InProgress');
  }
  if (statuses.includes('Cancelled')) return of('Cancelled', 'Cancelled');
  if (statuses.filter(isError).length > errorsAllowed) {
    return statuses.includes('Failed')
      ? of('Failed', 'Failed')
      : of('TimedOut', 'ExecutionTimedOut');
  }
  // Undeliverable invocations take no part in this.
  const counted = statuses.filter((status) => status !== 'Undeliverable');
  return counted.every((status) => status === 'Success')
    ? of('Success', 'Success')
    : of('Failed', 'Incomplete');
}

function spell(details: string, spelling: Spelling): string {
  return spelling === 'joined' ? details : details.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
}
