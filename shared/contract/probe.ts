/**
 * What the function asks of the script on the hosts: the SSM document, its actions and parameters.
 * The answers stand in `wire.ts`.
 */

import { type ProbeSettings, probeSettingsSchema } from './settings.ts';
import { shrunk } from './shrink.ts';

/**
 * What a host can be asked:
 *
 * - `digest`: its tables as a digest (`digest.ts`), and what became of packets to three of its peers and
 *   one suspect, sent after the tables were read: a lost packet changes a neighbour entry.
 * - `tables`: its tables in full, or one page of them.
 * - `entries`: the wanted entries, each with the line of `ip` or `bridge`, for the second look.
 * - `packets`: what becomes of packets to the wanted peers, for the second look.
 * - `latency`: how long this master's own API server takes for `kubectl get nodes` and `/readyz`.
 * - `apis`: whether this master's own API server reaches the aggregated APIs.
 * - `nodes`: which nodes this master's own API server lists, as checksums (`node-list.ts`), and the
 *   DaemonSets of the CNI. Behind this answer stands one to `nodes-part`: of a short list with all nodes, else
 *   with the checksums of the leaves.
 * - `nodes-part`: the nodes of some buckets or leaves of that list.
 */
export const ACTIONS = [
  'digest',
  'tables',
  'entries',
  'packets',
  'latency',
  'apis',
  'nodes',
  'nodes-part',
] as const;

export type Action = (typeof ACTIONS)[number];

/**
 * The parameter `Wanted`. For `digest`: the round, and behind a slash tunnel IPs of suspects, separated by
 * commas (`packetRound`); empty: no packets. For `packets`: tunnel IPs, separated by commas. For `entries`:
 * tunnel IPs, VTEP MACs and pod CIDRs, separated by commas. For `tables`: a page, as `tablesPage` writes it, or
 * nothing for the whole tables. For `nodes-part`: buckets of the node list, separated by commas, or leaves and
 * behind a slash how many of these there are. The pattern lets nothing through that a shell acts on. The agent
 * checks it with RE2, which refuses counts over 1,000.
 */
export const WANTED_PATTERN = '^[0-9a-f.:,/]{0,1000}$';

export const MAX_PAGES = 999;

/**
 * How many entries a page should have on average, to fit in the 24,000 characters that Systems Manager
 * returns of an output. Packed, an entry with a random MAC and underlay IP takes 15 to 16 characters,
 * or 22 in an IPv6 overlay, and some pages have more entries than others.
 */
export const PAGE_ENTRIES = { ipv4: 1300, ipv6: 900 } as const;

/**
 * The parameter `Wanted` for one of `pages` pages, counted from 0. An entry stands on the page k mod
 * `pages`, with the k of its symbol (`digest.ts`); all other records stand on every page.
 */
export function tablesPage(page: number, pages: number): string {
  return `${page}/${pages}`;
}

/** How many peers a host sends packets to at once, and how many suspects one command names. */
export const TRIED_PEERS = 8;

/** How many of them a host tries of its own accord: three by round, and one suspect. */
export const TRIED_IN_A_ROUND = 4;

/**
 * The parameter `Wanted` of `digest`. In a round each host is tried by three others, and in ⌈peers/3⌉ rounds
 * by all; of the suspects a host tries one.
 */
export function packetRound(round: number, suspects: readonly string[]): string {
  return [String(round), ...(suspects.length === 0 ? [] : [suspects.join(',')])].join('/');
}

/**
 * The script's files, in the order in which they become one script. An awk program becomes a shell
 * variable with the name of its file: `node-list.awk` is `$NODE_LIST`.
 */
const PROBE_PARTS = [
  'host.sh',
  'tables.sh',
  'surroundings.sh',
  'digest.sh',
  'pages.sh',
  'entries.sh',
  'packets.sh',
  'latency.sh',
  'list.awk',
  'node-list.awk',
  'daemonset-list.awk',
  'node-checksums.awk',
  'nodes.sh',
  'answer.sh',
] as const;

/** The script with its comments, as it is checked. `read` returns the text of a file. */
export function commentedScript(read: (file: string) => string): string {
  return PROBE_PARTS.map((file) => asShell(file, read(file))).join('');
}

/** The script as it is sent. `read` returns the text of a file. */
export function probeScript(read: (file: string) => string): string {
  return shrunk(commentedScript(read));
}

function asShell(file: string, text: string): string {
  const [, name] = /^(.+)\.awk$/.exec(file) ?? [];
  return name === undefined ? text : `${name.toUpperCase().replaceAll('-', '_')}='\n${text}'\n`;
}

/** After so many seconds the agent ends the script. `latency` on a master that hangs takes longest. */
export const PROBE_TIMEOUT_SECONDS = 75;

/**
 * The SSM document, schema 2.2, with this script (`probeScript`).
 *
 * The parameters are put into the script as text, by the service or by the agent, so each is held to
 * a pattern that leaves nothing for a shell to interpret. The cluster's own settings are parameters
 * with one value: a command need not name them, and none can name another kubeconfig, which kubectl
 * would read as root.
 */
export function probeDocument(
  script: string,
  { deviceProfile, kubeconfigPaths, packets }: ProbeSettings = probeSettingsSchema.parse({}),
): object {
  return {
    schemaVersion: '2.2',
    description:
      'vtepwatch: reads the VXLAN tables of a Kubernetes host, and sends a few packets to its peers over the overlay. Changes nothing.',
    parameters: {
      Action: { type: 'String', allowedPattern: `^(${ACTIONS.join('|')})$` },
      Wanted: { type: 'String', default: '', allowedPattern: WANTED_PATTERN },
      DeviceProfile: onlyValue(deviceProfile),
      KubeconfigPaths: onlyValue(kubeconfigPaths.join(' ')),
      Packets: onlyValue(packets ? 'on' : 'off'),
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'probe',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: {
          timeoutSeconds: String(PROBE_TIMEOUT_SECONDS),
          // One element of many lines: as an element each, a thousand lines would take two kilobytes more.
          runCommand: [script],
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
