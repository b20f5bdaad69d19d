import type { Member } from './member.ts';

/**
 * flannel gives the VTEP of a Windows node a MAC address with this beginning
 * (pkg/backend/vxlan/vxlan_windows.go, MacPrefix).
 */
const MAC_PREFIX = '0e:2a:';

/**
 * Whether a node runs Windows: its peers hold entries for it as for any other, and nothing can read its
 * own tables. A Linux host may get such an address by chance, but that one answers, now or in another run.
 */
export function isWindowsPeer({ listed, observed, remembered }: Member): boolean {
  const neverAnswered = observed === undefined && remembered?.instanceId === undefined;
  const macs = (listed?.annotated ?? []).flatMap(({ mac }) => mac ?? []);
  return neverAnswered && macs.some((mac) => mac.startsWith(MAC_PREFIX));
}
