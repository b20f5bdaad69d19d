import * as fc from 'fast-check';
import {
  type Cidr,
  type IpAddress,
  parseCidr,
  parseIp,
} from '../../shared/core/overlay/addresses.ts';
import type { FdbEntry, NeighbourEntry, RouteEntry } from '../../shared/core/overlay/vtep.ts';

/** Random entries of overlay tables, for property tests. */

const device = fc.oneof(
  fc.nat({ max: 16_777_215 }).map((vni) => `flannel.${vni}`),
  fc.nat({ max: 16_777_215 }).map((vni) => `flannel-v6.${vni}`),
  fc.constantFrom('vxlan.calico', 'vxlan-v6.calico'),
);

const STATES = ['INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY', 'PROBE', 'FAILED', 'PERMANENT'];

const UNANSWERED = new Set(['INCOMPLETE', 'FAILED']);

export const anyMac: fc.Arbitrary<string> = fc
  .array(fc.nat({ max: 255 }), { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':'))
  .filter((mac) => mac !== '00:00:00:00:00:00');

export const anyIp: fc.Arbitrary<IpAddress> = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map((text) => parseIp(text))
  .filter((ip) => ip !== undefined);

export const anyCidr: fc.Arbitrary<Cidr> = fc
  .tuple(anyIp, fc.nat({ max: 128 }))
  .map(([ip, bits]) => parseCidr(`${ip}/${bits}`))
  .filter((cidr) => cidr !== undefined);

export const anyNeighbour: fc.Arbitrary<NeighbourEntry> = fc
  .record({ device, ip: anyIp, mac: anyMac, state: fc.constantFrom(...STATES) })
  .map((entry) => ({
    ...entry,
    mac: UNANSWERED.has(entry.state) ? undefined : entry.mac,
    permanent: entry.state === 'PERMANENT',
  }));

export const anyFdbEntry: fc.Arbitrary<FdbEntry> = fc.record({
  device,
  mac: anyMac,
  destination: anyIp,
});

export const anyRoute: fc.Arbitrary<RouteEntry> = fc.record({
  device: fc.oneof(device, fc.constantFrom('eth0', 'bond0.12', 'wlan0')),
  destination: anyCidr,
  gateway: anyIp,
});
