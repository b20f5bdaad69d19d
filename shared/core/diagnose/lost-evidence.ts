/** What shows that a node loses its packets, for people: which of them, where, and what its device counted. */
import type { Loss } from '../../contract/report.ts';
import { NAMED_NODES, type Presence } from '../matrix/conditions.ts';
import type { TriedPair } from '../matrix/tried-pairs.ts';
import type { DeviceTraffic } from '../overlay/packets.ts';
import { enumerate } from '../plain-text.ts';
import { isLost, LOSSES, type MembersByName, pathOf, trafficOf } from './lost-pairs.ts';

const WHAT_CAME = {
  all: 'nothing came back',
  'large-packets': 'small packets came back, and large ones did not',
  connections: 'ICMP of any size came back, and no TCP connection was answered',
} as const satisfies Readonly<Record<Loss | 'all', string>>;

export function presenceOf(
  node: string,
  pairs: readonly TriedPair[],
  {
    observed,
    isAcrossZones,
  }: { readonly observed: MembersByName; readonly isAcrossZones: boolean },
): Presence {
  const lost = pairs.filter(isLost);
  const loss = LOSSES[pathOf(lost)];
  const traffic = loss === undefined ? trafficOf(observed.get(node), lost) : undefined;
  const lossAt = isAcrossZones ? 'between-zones' : placeOf(traffic);
  const peersIn = (some: readonly TriedPair[]): ReadonlySet<string> =>
    new Set(some.map(({ observer, subject }) => (observer === node ? subject : observer)));
  const peers = peersIn(lost);
  const names = enumerate([...peers].toSorted(), NAMED_NODES);
  return {
    beside: [...peers].slice(0, NAMED_NODES),
    affected: peers.size,
    checked: peersIn(pairs).size,
    ...(loss === undefined ? {} : { loss }),
    ...(lossAt === undefined ? {} : { lossAt }),
    ...checkOf(node, lost, loss),
    evidence: [
      `in ${lost.length} of ${pairs.length} tries between ${node} and ${names} ${WHAT_CAME[loss ?? 'all']}`,
      ...trafficLines(node, traffic),
      ...pathMtuLines(lost),
      ...(isAcrossZones ? ['only between zones: all tries within one zone came back'] : []),
    ],
  };
}

/** What its own host then gets back. */
function checkOf(
  node: string,
  lost: readonly TriedPair[],
  loss: Loss | undefined,
): Pick<Presence, 'check'> {
  const ip = lost.find(({ observer }) => observer === node)?.ip;
  if (ip === undefined || loss !== undefined) return {};
  return { check: { command: `ping -c 3 ${ip}`, shows: `bytes from ${ip}` } };
}

/** Where a node loses all, its own device shows whether packets do not arrive or do not leave. */
function placeOf(traffic: DeviceTraffic | undefined): 'incoming' | 'outgoing' | undefined {
  if (traffic === undefined) return undefined;
  const { received, sent } = traffic;
  if (received === 0 && sent > 0) return 'incoming';
  return received > 0 && sent === 0 ? 'outgoing' : undefined;
}

function trafficLines(node: string, traffic: DeviceTraffic | undefined): readonly string[] {
  if (traffic === undefined) return [];
  const { device, received, sent } = traffic;
  const text = `${device} on ${node} received ${received} packets and sent ${sent} meanwhile`;
  switch (placeOf(traffic)) {
    case 'incoming':
      return [`${text}: nothing arrives there`];
    case 'outgoing':
      return [`${text}: they arrive, and its answers do not leave`];
    case undefined:
      return [text];
  }
}

function pathMtuLines(lost: readonly TriedPair[]): readonly string[] {
  const narrow = new Map(
    lost.flatMap(({ observer, pathMtu }) =>
      pathMtu === undefined ? [] : [[observer, pathMtu] as const],
    ),
  );
  return [...narrow]
    .slice(0, NAMED_NODES)
    .map(([node, mtu]) => `the kernel of ${node} knows that the way carries only ${mtu} bytes`);
}
