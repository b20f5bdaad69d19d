import { spawn } from 'node:child_process';
import type { Host } from '../machine.ts';
import { feed, outcomeOf } from '../process-end.ts';
import {
  UNDERLAY_DEVICE,
  UNDERLAY_MTU_BYTES,
  UNDERLAY_PREFIX_BITS,
  underlayMac,
} from '../underlay.ts';
import { HOST_ENVIRONMENT } from './namespaces.ts';
import type { Namespaces } from './namespaces.ts';

const BRIDGE = 'lan';
const LAY_SECONDS = 10;

/** Joins the hosts by a bridge in the namespaces `lan`, each by its own cable. */
export async function layUnderlay(
  lan: Namespaces,
  ends: readonly { readonly host: Host; readonly namespaces: Namespaces }[],
): Promise<void> {
  const cables = ends.flatMap(({ host, namespaces }) => [
    `link add ${host.name} mtu ${UNDERLAY_MTU_BYTES} type veth peer name ${UNDERLAY_DEVICE} address ${underlayMac(host.underlayIp)} mtu ${UNDERLAY_MTU_BYTES} netns ${namespaces.pid}`,
    `link set ${host.name} master ${BRIDGE} up`,
  ]);
  const lines = [`link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`, ...cables];
  // Only the network is entered: `netns` takes process ids as they are outside.
  await batchInNetwork(lan, lines, 'joining the hosts by veth pairs and a bridge');
}

/** The commands, for `ip -batch`, that bring a host's end of the cable up. */
export function underlayAddress(host: Host): readonly string[] {
  return [
    'link set lo up',
    `addr replace ${host.underlayIp}/${UNDERLAY_PREFIX_BITS} dev ${UNDERLAY_DEVICE}`,
    `link set ${UNDERLAY_DEVICE} up`,
  ];
}

async function batchInNetwork(
  namespaces: Namespaces,
  lines: readonly string[],
  what: string,
): Promise<void> {
  const child = spawn(
    'nsenter',
    [`--net=/proc/${namespaces.pid}/ns/net`, '--', 'ip', '-batch', '-'],
    {
      cwd: '/',
      detached: true,
      env: HOST_ENVIRONMENT,
    },
  );
  feed(child, lines.map((line) => `${line}\n`).join(''));
  const { exit, stderr } = await outcomeOf(child, { what, timeoutSeconds: LAY_SECONDS });
  if (exit !== 0) throw new Error(`${what}: exit ${exit}: ${stderr.trim()}`);
}
