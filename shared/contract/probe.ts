/**
 * What the function and the script on the hosts agree on: the actions, the parameters of the SSM
 * document, and the envelope of an answer.
 */

/** `tables`: everything this host holds. `entries`: the wanted entries verbatim, for the second
 * look. `latency`: how long this master's own API server takes to answer. `apis`: the same without
 * the list of nodes, for which a page cannot wait. */
export const ACTIONS = ['tables', 'entries', 'latency', 'apis'] as const;

export type Action = (typeof ACTIONS)[number];

/**
 * Tunnel IPs, VTEP MACs and pod CIDRs, separated by commas. Nothing a shell could act on. The agent
 * checks it with RE2, which refuses counts over 1,000.
 */
export const WANTED_PATTERN = '^[0-9a-f.:,/]{0,1000}$';

/** First line of an answer: `vtepwatch 1 begin tables`. */
export const ANSWER_BEGIN = 'vtepwatch 1 begin';

/**
 * Last line of an answer: `vtepwatch 1 end <bytes> <checksum>`, both over the payload between the
 * markers, its line ends included. The checksum is h = (257 h + byte) mod 1073741789 from h = 0:
 * exact in the doubles of every awk. An answer without this line was cut, and is no answer.
 */
export const ANSWER_END = 'vtepwatch 1 end';

export const CHECKSUM_FACTOR = 257;
export const CHECKSUM_MODULUS = 1_073_741_789;

/** The script's files, in the order in which they become one script. */
export const PROBE_PARTS = [
  'host.sh',
  'tables.sh',
  'entries.sh',
  'latency.sh',
  'answer.sh',
] as const;

/** Seconds the agent lets the script run; the slowest action is the latency of a hanging master. */
export const PROBE_TIMEOUT_SECONDS = 75;

/**
 * The SSM document, schema 2.2. `script` is the text of the `PROBE_PARTS`, joined.
 *
 * The parameters are put into the script as text by the service, so each is held to a pattern that
 * leaves nothing for a shell to interpret.
 */
export function probeDocument(script: string): object {
  return {
    schemaVersion: '2.2',
    description: 'vtepwatch: reads the VXLAN tables of a Kubernetes host. Changes nothing.',
    parameters: {
      Action: { type: 'String', allowedPattern: `^(${ACTIONS.join('|')})$` },
      Wanted: { type: 'String', default: '', allowedPattern: WANTED_PATTERN },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'probe',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: {
          timeoutSeconds: String(PROBE_TIMEOUT_SECONDS),
          runCommand: script.split('\n'),
        },
      },
    ],
  };
}
