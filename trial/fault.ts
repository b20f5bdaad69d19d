import { isUnicastIp, parseIp } from '../shared/core/overlay/addresses.ts';

/** The device of k3s's flannel. */
const DEVICE = 'flannel.1';

/** Prints the tunnel address of the host on which it runs. */
export const SHOW_TUNNEL_IP: readonly string[] = [`ip -o -4 addr show dev ${DEVICE}`];

/** The tunnel address in what a host printed. It becomes part of a command for root on other hosts. */
export function tunnelIpIn(lines: readonly string[]): string | undefined {
  const text = /\binet ([0-9.]+)\/32\b/.exec(lines.join('\n'))?.[1] ?? '';
  const address = parseIp(text);
  return address !== undefined && isUnicastIp(address) ? text : undefined;
}

/** Takes the permanent neighbour entry of a node from the host on which it runs, and shows it before and after. */
export function faultCommands(tunnelIp: string): readonly string[] {
  const entry = `${tunnelIp} dev ${DEVICE}`;
  return [`ip neigh show ${entry}`, `ip neigh del ${entry}`, `ip neigh show ${entry}`];
}
