/** What the SSM agent makes of the way a script ended. */

export interface ScriptAnswer {
  readonly status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Reboot';
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** What GetCommandInvocation has after the streams, for the agent's own exit codes. */
  readonly remark: string;
}

/** How a script ended. `signalled` is a death by a signal that the agent did not send. */
export type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' | 'cancelled' }
  | { readonly kind: 'not-started'; readonly message: string };

/** agent/appconfig/constants_unix.go and agent/contracts/model.go */
const REBOOT = 194;
const STOPPED = 137;
const EXIT_WITH_SUCCESS = 168;
const EXIT_WITH_FAILURE = 169;

const SUCCESS_REMARK =
  '\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.';
const FAILURE_REMARK =
  '\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.';

/** Go's names for the signals that a script is likely to die of. */
const SIGNAL_NAMES: ReadonlyMap<string, string> = new Map([
  ['SIGKILL', 'killed'],
  ['SIGTERM', 'terminated'],
  ['SIGSEGV', 'segmentation fault'],
  ['SIGABRT', 'aborted'],
]);

/** The agent's reading of a script's end. Any exit code but 0 and its own puts a line of the
 * agent's on standard error. */
export function judge(ending: Ending, stdout: Buffer, stderr: Buffer): ScriptAnswer {
  const ran = { stdout, stderr, remark: '' };
  switch (ending.kind) {
    case 'timed-out':
      return { ...ran, status: 'TimedOut', code: STOPPED };
    case 'cancelled':
      return { ...ran, status: 'Cancelled', code: STOPPED };
    case 'not-started':
      return { ...ran, status: 'Failed', code: 1, stderr: explained(stderr, ending.message) };
    case 'signalled': {
      const name = SIGNAL_NAMES.get(ending.signal) ?? ending.signal;
      return { ...ran, status: 'Failed', code: -1, stderr: explained(stderr, `signal: ${name}`) };
    }
    case 'exited':
      break;
  }
  const { code } = ending;
  switch (code) {
    case 0:
      return { ...ran, status: 'Success', code };
    case REBOOT:
      return { ...ran, status: 'Reboot', code };
    case STOPPED:
      // The agent takes this for its own kill, also when memory ran out.
      return { ...ran, status: 'TimedOut', code };
    case EXIT_WITH_SUCCESS:
      return { ...ran, status: 'Success', code, stderr: Buffer.alloc(0), remark: SUCCESS_REMARK };
    case EXIT_WITH_FAILURE:
      return {
        ...ran,
        status: 'Failed',
        code,
        stderr: explained(stderr, `exit status ${code}`),
        remark: FAILURE_REMARK,
      };
    default:
      return { ...ran, status: 'Failed', code, stderr: explained(stderr, `exit status ${code}`) };
  }
}

function explained(stderr: Buffer, why: string): Buffer {
  return Buffer.concat([stderr, Buffer.from(`failed to run commands: ${why}`)]);
}
