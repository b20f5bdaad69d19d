/** A host that gave no answer that can be used, for a reason that says what to do. */
interface Silence {
  /** A few words behind the node's name in a verdict's first line. */
  readonly brief: string;
  /** What it means, and what to do. */
  readonly advice: string;
}

/**
 * What is known of a host that did not answer. The agent's side is by its own code (amazon-ssm-agent,
 * agent/framework/processor, agent/hibernation).
 */
export const SILENCES = {
  'disk-full': {
    brief: 'no answer: disk full?',
    advice:
      'the agent returned no output at all, as it does where its disk is full: look at "df -h /var" on the host',
  },
  killed: {
    brief: 'no answer: the script was killed',
    advice:
      'a signal killed the script on the host, mostly because memory ran out: look at "journalctl -k -g oom" there',
  },
  'timed-out': {
    brief: 'no answer: too slow, or killed',
    advice:
      'the agent killed the script, which ran too long, or the kernel did (exit status 137): look at the load and ' +
      'at "journalctl -k -g oom" on the host',
  },
  disconnected: {
    brief: 'no answer: its agent has no connection',
    advice:
      'the host is down, its agent stopped, or it has no way to AWS; or the service refused it (instance profile, ' +
      'activation, clock), and the agent hibernates and asks again only once an hour: restart amazon-ssm-agent on ' +
      'the host once that is fixed',
  },
  stuck: {
    brief: 'no answer: its agent is stuck',
    advice:
      'the agent reports to the service and does not take the command: restart amazon-ssm-agent there',
  },
  gone: {
    brief: 'its instance is gone',
    advice:
      'Systems Manager no longer knows its instance, or the instance has lost the tag: delete the node from ' +
      'Kubernetes if the instance was terminated, else register its agent again or tag it',
  },
} as const satisfies Readonly<Record<string, Silence>>;

export type SilenceKind = keyof typeof SILENCES;

/** A reason, followed by what to do about it. */
export function withAdvice(reason: string, silence: SilenceKind): string {
  return `${reason}; ${SILENCES[silence].advice}`;
}
