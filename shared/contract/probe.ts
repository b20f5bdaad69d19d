/**
 * What the function asks of the script on the hosts: the SSM document, its actions and parameters.
 * The answers stand in `wire.ts`.
 */

import { type ProbeSettings, probeSettingsSchema } from './settings.ts';

/** `digest`: what this host holds, in a digest of one size (`digest.ts`). `tables`: everything it
 * holds, or a page of it. `entries`: the wanted entries verbatim, for the second look. `latency`: how
 * long this master's own API server takes for `kubectl get nodes` and `/readyz`. `apis`: whether it
 * reaches the aggregated APIs. */
export const ACTIONS = ['digest', 'tables', 'entries', 'latency', 'apis'] as const;

export type Action = (typeof ACTIONS)[number];

/**
 * For `entries`: tunnel IPs, VTEP MACs and pod CIDRs, separated by commas. For `tables`: a page, as
 * `pageOf` writes it, or nothing. Nothing a shell could act on. The agent checks it with RE2, which
 * refuses counts over 1,000.
 */
export const WANTED_PATTERN = '^[0-9a-f.:,/]{0,1000}$';

export const MAX_PAGES = 999;

/**
 * A page should have so many entries on average, to fit in the 24,000 characters of an output that
 * the service returns: with random MACs and underlay IPs, packed, an entry takes 15 to 16 characters,
 * 22 of an overlay in IPv6, and keys do not spread evenly.
 */
export const PAGE_ENTRIES = { ipv4: 1300, ipv6: 900 } as const;

/**
 * What the action `tables` wants: page `page` of `pages`, which are counted from 0. An entry is on
 * the page that the k of its symbol (`digest.ts`) tells, modulo `pages`; what is no entry is on
 * every page.
 */
export function pageOf(page: number, pages: number): string {
  return `${page}/${pages}`;
}

/** The script's files, in the order in which they become one script. */
export const PROBE_PARTS = [
  'host.sh',
  'tables.sh',
  'digest.sh',
  'pages.sh',
  'entries.sh',
  'latency.sh',
  'answer.sh',
] as const;

/** Seconds the agent lets the script run; the slowest action is the latency of a hanging master. */
export const PROBE_TIMEOUT_SECONDS = 75;

/**
 * The SSM document, schema 2.2. `script` is the text of the `PROBE_PARTS`, one after the other.
 *
 * The parameters are put into the script as text, by the service or by the agent, so each is held to
 * a pattern that leaves nothing for a shell to interpret. The cluster's own settings are parameters
 * with one value: a command need not name them, and none can name another kubeconfig, which kubectl
 * would read as root.
 */
export function probeDocument(
  script: string,
  { deviceProfile, kubeconfigPaths }: ProbeSettings = probeSettingsSchema.parse({}),
): object {
  return {
    schemaVersion: '2.2',
    description: 'vtepwatch: reads the VXLAN tables of a Kubernetes host. Changes nothing.',
    parameters: {
      Action: { type: 'String', allowedPattern: `^(${ACTIONS.join('|')})$` },
      Wanted: { type: 'String', default: '', allowedPattern: WANTED_PATTERN },
      DeviceProfile: onlyValue(deviceProfile),
      KubeconfigPaths: onlyValue(kubeconfigPaths.join(' ')),
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

/** The settings have no other character than the dot that means something in a pattern. */
function onlyValue(value: string): object {
  const pattern = value.replaceAll('.', String.raw`\.`);
  return { type: 'String', default: value, allowedPattern: `^${pattern}$` };
}
