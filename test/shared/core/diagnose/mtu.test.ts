import { describe, expect, test } from 'vitest';
import { ip } from '../../../support/addressing.ts';
import { cluster, type Cluster } from '../../../support/cluster.ts';
import { findings } from '../../../support/findings.ts';
import type { Device } from '../../../../shared/core/overlay/vtep.ts';

const six = cluster(6).listed();

/** Devices of an MTU, of which that of one node is above an interface that carries so many bytes. */
function above(mtu: number, carried: number, changes: Partial<Device> = {}): Cluster {
  return six.names.reduce(
    (seen, name) =>
      seen.answer(name, (answer) => ({
        ...answer,
        tables: {
          ...answer.tables,
          devices: answer.tables.devices?.map((own) => ({
            ...own,
            mtu,
            ...(name === 'node1' ? { underlay: { device: 'ens5', mtu: carried }, ...changes } : {}),
          })),
        },
      })),
    six,
  );
}

const TOO_LARGE = ['subject node1/mtu-mismatch mtu-mismatch 5/5 warning'];

describe('a device is too large for the interface below it', () => {
  test('where what VXLAN puts around a packet does not fit: 50 bytes over IPv4', () => {
    expect(findings(above(1450, 1499))).toEqual(TOO_LARGE);
    expect(findings(above(1450, 1500))).toEqual([]);
  });

  test('and 70 over IPv6', () => {
    const local = ip('fd00:56::11');
    expect(findings(above(1450, 1519, { local }))).toEqual(TOO_LARGE);
    expect(findings(above(1450, 1520, { local }))).toEqual([]);
  });

  test('and not while it is down: that is a fault of its own', () => {
    expect(findings(above(1450, 1400, { up: false }))).not.toContain(TOO_LARGE[0]);
  });

  test('and one that is smaller than it could be is not', () => {
    expect(findings(above(1400, 9001))).toEqual([]);
  });
});
