import type { FdbEntry, Tables } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';

/**
 * The tables as a digest sums them: without unused FDB entries, which a peer leaves behind when it gets
 * another MAC (`contract/digest.ts` has the rule).
 */
export function withoutUnusedFdb(tables: Tables): Tables {
  const { neighbours, fdb } = tables;
  if (neighbours === undefined || fdb === undefined) return tables;
  const macs = new Set(
    neighbours.filter(({ device }) => isOverlayDevice(device)).map(({ mac }) => mac),
  );
  const isUsed = ({ mac }: FdbEntry): boolean => macs.has(mac);
  const reached = new Set(fdb.filter(isUsed).map(({ destination }) => destination));
  return {
    ...tables,
    fdb: fdb.filter((entry) => isUsed(entry) || !reached.has(entry.destination)),
  };
}
