import type { Cidr, IpAddress } from './addresses.ts';

/** Entries as `ip` and `bridge` print them; a part that is not known is an ellipsis. */

const UNKNOWN = '...';

export function neighbourText(
  device: string,
  ip: IpAddress | undefined,
  mac: string | undefined,
): string {
  return `${ip ?? UNKNOWN} dev ${device} lladdr ${mac ?? UNKNOWN} PERMANENT`;
}

export function fdbText(
  device: string,
  mac: string | undefined,
  underlayIp: IpAddress | undefined,
): string {
  return `${mac ?? UNKNOWN} dev ${device} dst ${underlayIp ?? UNKNOWN} self permanent`;
}

export function routeText(
  device: string,
  podCidr: Cidr | undefined,
  tunnelIp: IpAddress | undefined,
): string {
  return `${podCidr ?? UNKNOWN} via ${tunnelIp ?? UNKNOWN} dev ${device} onlink`;
}
