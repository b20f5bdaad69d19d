import * as fc from 'fast-check';
import { answering, joined } from './recorded-tools.ts';
import { programs } from './scratch.ts';

/** What a generated host holds: lines as iproute2 6.1 prints them, and the records they are. */
export interface Generated {
  readonly neighbours: readonly Line[];
  readonly fdb: readonly Line[];
  readonly routes: readonly Line[];
  readonly routes6: readonly Line[];
}

export interface Line {
  readonly printed: string;
  /** None for what is passed over. */
  readonly record?: string;
}

/** `ip` and `bridge` that print these tables. */
export function generatedTools({ neighbours, fdb, routes, routes6 }: Generated): string {
  return programs({
    ip: answering({
      '-V': 'ip utility, iproute2-6.1.0\n',
      '-d -o link show type vxlan': LINKS,
      '-o addr show': '',
      'neigh show nud all': printed(neighbours),
      '-4 route show': printed(routes),
      '-6 route show': printed(routes6),
    }),
    bridge: answering({ 'fdb show': printed(fdb) }),
  });
}

/** An overlay in IPv6, of whose routes the probe asks only where there is such a device. */
export const WITH_IPV6 = { 'proc/sys/net/ipv6/conf/flannel-v6.1/forwarding': '1\n' } as const;

const LINKS =
  '3: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue \\    link/ether ' +
  '8a:11:11:11:11:01 brd ff:ff:ff:ff:ff:ff \\    vxlan id 1 local 192.168.50.1 dstport 8472 \n';

export function recordsOf({ neighbours, fdb, routes, routes6 }: Generated): readonly string[] {
  return [...neighbours, ...fdb, ...routes, ...routes6].flatMap(({ record }) => record ?? []);
}

function printed(lines: readonly Line[]): string {
  return joined(lines.map((line) => line.printed));
}

const octet = fc.integer({ min: 0, max: 255 });

/** Few, so that entries meet. */
const quad = fc.oneof(
  fc.constantFrom('10.42.1.0', '10.42.2.0', '10.43.0.0', '192.168.50.2', '192.168.50.3'),
  fc.tuple(fc.constantFrom(1, 10, 172, 192), octet, octet, octet).map((all) => all.join('.')),
);

const group = fc.integer({ min: 0, max: 0xffff }).map((word) => word.toString(16));

/** Addresses in all their spellings: whole, with a gap anywhere, with a dotted quad at the end. */
const ipv6 = fc.oneof(
  fc.constantFrom('2001:db8:42:1::', 'fd00::2', '::', '::1', '::ffff:10.42.1.0'),
  fc
    .record({
      groups: fc.array(group, { minLength: 8, maxLength: 8 }),
      gap: fc.option(fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 6 }))),
      tail: fc.option(quad),
    })
    .map(({ groups, gap, tail }) => {
      const whole = tail === null ? groups : [...groups.slice(0, 6), tail];
      if (gap === null) return whole.join(':');
      const [start, size] = gap;
      const end = Math.min(start + size, tail === null ? 8 : 6);
      return `${whole.slice(0, start).join(':')}::${whole.slice(end).join(':')}`;
    }),
);

const mac = fc.oneof(
  fc.constantFrom('8a:11:11:11:11:02', '8a:11:11:11:11:03', '00:00:00:00:00:00'),
  fc
    .array(octet, { minLength: 6, maxLength: 6 })
    .map((all) => all.map((each) => each.toString(16).padStart(2, '0')).join(':')),
);

/** As of InfiniBand, and of no even number of octets. No VXLAN device has one. */
const strangeMac = fc.constantFrom('80:00:02:08:fe:80:00:00:00:00:00:00', '8a:11:11', '8a:11');

const OVERLAY = ['flannel.1', 'flannel-v6.1', 'vxlan.calico'] as const;
const OTHER = ['eth0', 'cni0', 'flannel.1x', 'vxlan.calico0'] as const;

const neighbour: fc.Arbitrary<Line> = fc
  .record({
    dev: fc.constantFrom(...OVERLAY, ...OTHER),
    ip: fc.oneof(quad, ipv6),
    ofOverlay: mac,
    ofOthers: fc.oneof(mac, strangeMac),
    state: fc.constantFrom('PERMANENT', 'PERMANENT', 'STALE', 'REACHABLE', 'NOARP', 'FAILED'),
  })
  .map(({ dev, ip, ofOverlay, ofOthers, state }) => {
    const lladdr = isOverlay(dev) ? ofOverlay : ofOthers;
    const held = state === 'FAILED' ? '' : ` lladdr ${lladdr}`;
    const line = `${ip} dev ${dev}${held} ${state} `;
    const passedOver = !isOverlay(dev) || state === 'NOARP' || /^(ff..:|22[4-9]\.|23\d\.)/.test(ip);
    const record = `N ${dev} ${ip} ${state === 'FAILED' ? '-' : lladdr} ${state}`;
    return passedOver ? { printed: line } : { printed: line, record };
  });

const fdbEntry: fc.Arbitrary<Line> = fc
  .record({
    dev: fc.constantFrom(...OVERLAY, ...OTHER),
    ofOverlay: mac,
    ofOthers: fc.oneof(mac, strangeMac),
    to: fc.option(fc.oneof(quad, ipv6), { nil: undefined, freq: 9 }),
    kind: fc.constantFrom('permanent', 'static', 'dynamic'),
  })
  .map(({ dev, ofOverlay, ofOthers, to, kind }) => {
    const key = isOverlay(dev) ? ofOverlay : ofOthers;
    // An entry of an overlay device without a destination has a group of next hops instead.
    const hops = isOverlay(dev) ? ' nhid 12' : '';
    const dst = to === undefined ? hops : ` dst ${to}`;
    const line = `${key} dev ${dev}${dst} self ${kind === 'dynamic' ? '' : kind}`;
    return isOverlay(dev) && to !== undefined
      ? { printed: line, record: `F ${dev} ${key} ${to} ${kind}` }
      : { printed: line };
  });

function route(ip: fc.Arbitrary<string>, longest: 32 | 128): fc.Arbitrary<Line> {
  return fc
    .record({
      dev: fc.constantFrom(...OVERLAY, ...OTHER),
      to: ip,
      length: fc.option(fc.integer({ min: 0, max: longest }), { nil: undefined }),
      via: fc.option(fc.oneof({ weight: 3, arbitrary: ip }, { arbitrary: quad, weight: 1 }), {
        nil: undefined,
        freq: 9,
      }),
      onlink: fc.boolean(),
    })
    .map(({ dev, to, length, via, onlink }) => {
      const cidr = length === undefined ? to : `${to}/${length}`;
      const gateway = via === undefined ? '' : ` via ${via}`;
      const line = `${cidr}${gateway} dev ${dev}${onlink ? ' onlink' : ''} `;
      const key = length === undefined ? `${to}/${to.includes(':') ? 128 : 32}` : cidr;
      return via === undefined
        ? { printed: line }
        : { printed: line, record: `R ${dev} ${key} ${via} ${onlink ? 'onlink' : '-'}` };
    });
}

function isOverlay(dev: string): boolean {
  return OVERLAY.some((each) => each === dev);
}

/** Hosts of every kind: dual stack, several devices, ghosts, direct routes, doubled entries. */
export const generatedTables: fc.Arbitrary<Generated> = fc.record({
  neighbours: fc.array(neighbour, { maxLength: 40 }),
  fdb: fc.array(fdbEntry, { maxLength: 40 }),
  routes: fc.array(route(quad, 32), { maxLength: 40 }),
  routes6: fc.array(route(ipv6, 128), { maxLength: 20 }),
});
