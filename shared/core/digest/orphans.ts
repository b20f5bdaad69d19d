import type { FdbEntry, Tables } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';

/**
 * The tables as a digest sums them up: without FDB entries that nothing leads to, since their host got
 * another MAC and left them behind (`contract/digest.ts` has the rule).
 */
export function withoutOrphans(tables: Tables): Tables {
  const { neighbours, fdb } = tables;
  if (neighbours === undefined || fdb === undefined) return tables;
  const macs = new Set(
    neighbours.filter(({ device }) => isOverlayDevice(device)).map(({ mac }) => mac),
  );
  const isLedTo = ({ mac }: FdbEntry): boolean => macs.has(mac);
  const reached = new Set(fdb.filter(isLedTo).map(({ destination }) => destination));
  return {
    ...tables,
    fdb: fdb.filter((entry) => isLedTo(entry) || !reached.has(entry.destination)),
  };
}
