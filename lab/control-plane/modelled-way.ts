import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ClusterHost } from './orders.ts';

const run = promisify(execFile);

const LOOK_MILLISECONDS = 5000;

/**
 * Whether this host's tables would bring a packet to a peer. Where hosts are only modelled nothing
 * can be lost on the way, so both ends ask their own tables and keep silent where the kernel would.
 */
export async function holdsWayTo(peer: ClusterHost): Promise<boolean> {
  const [neighbours, fdb, routes] = await Promise.all([
    look('ip', ['neigh', 'show', 'nud', 'all']),
    look('bridge', ['fdb', 'show']),
    look('ip', ['-4', 'route', 'show']),
  ]);
  const routed = (via: string): boolean =>
    routes.some((line) => line.startsWith(`${peer.podCidr} via ${via} `));

  // With DirectRouting the overlay is not used, and the other tables need not know the peer.
  if (routed(peer.underlayIp)) return true;
  const neighbour = neighbours.find((line) => line.startsWith(`${peer.tunnelIp} `));
  const forward = fdb.find((line) => line.startsWith(`${peer.vtepMac} `));
  return (
    routed(peer.tunnelIp) &&
    neighbour !== undefined &&
    neighbour.includes(` lladdr ${peer.vtepMac} `) &&
    forward !== undefined &&
    forward.includes(` dst ${peer.underlayIp} `)
  );
}

/** The table's lines, each with a space at its end, so that a last word is found like any other. */
async function look(program: string, words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(program, [...words], { timeout: LOOK_MILLISECONDS });
  return stdout.split('\n').map((line) => `${line.trim()} `);
}
