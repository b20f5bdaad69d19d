import { spawnSync } from 'node:child_process';

/** From this kubectl on, one that cannot discover an API group complains of it (measured: 1.20 does not, 1.27 does). */
const COMPLAINS = 27;

/** From this kubectl on, discovery comes in one piece where the API server offers that. */
const AGGREGATED_DISCOVERY = 26;

/** Whether the kubectl on the PATH complains of an API group that it cannot discover. */
export function kubectlComplains(): boolean {
  return minorVersion() >= COMPLAINS;
}

/** Leaves a test out where kubectl knows no aggregated discovery, as Debian 12's does not. */
export function needAggregatedDiscovery(skip: (note: string) => void): void {
  if (minorVersion() < AGGREGATED_DISCOVERY) skip('kubectl is older than 1.26');
}

function minorVersion(): number {
  const { stdout } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], {
    encoding: 'utf8',
  });
  return Number(/"minor": *"(\d+)/.exec(stdout)?.[1] ?? 0);
}
