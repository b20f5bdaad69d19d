/** What a second look shows of packets: ways that were lost are tried again, of very many only some. */
import type { Judgement } from '../judge.ts';
import type { Matrix } from '../matrix/matrix.ts';
import type { Member } from '../members/member.ts';
import type { DeviceTraffic, HostPackets, TriedPeer } from '../overlay/packets.ts';

interface PacketsAgain {
  /** The member, with what became of its packets in the end. */
  readonly of: (member: Member) => Member;
  /** The nodes with a way that was tried again and lost again. */
  readonly lostAgain: (matrix: Matrix) => ReadonlySet<string>;
}

/** `retried`: by node, what became of packets that were sent again; undefined where nobody was asked to. */
export function packetsAgain(first: Judgement, retried: Retried | undefined): PacketsAgain {
  if (retried === undefined) return { of: (member) => member, lostAgain: () => new Set() };
  const counts = areLossesThere(first, retried);
  return {
    of: (member) => withPackets(member, { again: retried.get(member.node), counts }),
    lostAgain: ({ settled }) =>
      new Set(
        (settled.tried ?? [])
          .filter(({ observer, ip, path }) => {
            return path !== 'whole' && retryOf(retried, observer, ip) !== undefined;
          })
          .flatMap(({ observer, subject }) => [observer, subject]),
      ),
  };
}

type Retried = ReadonlyMap<string, HostPackets>;

function retryOf(retried: Retried, observer: string, ip: string): TriedPeer | undefined {
  return retried.get(observer)?.tried.find((one) => one.ip === ip);
}

/** Losses that were not tried again count as long as most of those that were are lost again. */
function areLossesThere({ matrix }: Judgement, retried: Retried): boolean {
  const retries = (matrix.settled.tried ?? [])
    .filter(({ path }) => path !== 'whole')
    .flatMap(({ observer, ip }) => retryOf(retried, observer, ip) ?? []);
  return retries.filter(hasLost).length * 2 > retries.length;
}

function hasLost({ replies }: TriedPeer): boolean {
  return Object.values(replies).some((reply) => reply === 'lost' || reply === 'too-big');
}

/** Of ways that were tried twice, the later try counts. `counts`: whether losses that were tried once do. */
function withPackets(
  member: Member,
  { again, counts }: { readonly again: HostPackets | undefined; readonly counts: boolean },
): Member {
  const { observed } = member;
  if (observed?.packets === undefined) return member;
  const ips = new Set(again?.tried.map(({ ip }) => ip));
  const before = observed.packets.tried.filter(
    (one) => !ips.has(one.ip) && (counts || !hasLost(one)),
  );
  const packets = {
    tried: [...before, ...(again?.tried ?? [])],
    traffic: inBoth(observed.packets.traffic, again?.traffic ?? []),
  };
  return { ...member, observed: { ...observed, packets } };
}

/** What each device counted while its host tried, the first time and again. */
function inBoth(
  first: readonly DeviceTraffic[],
  again: readonly DeviceTraffic[],
): readonly DeviceTraffic[] {
  return first.map(({ device, received, sent }) => {
    const later = again.find((one) => one.device === device);
    return {
      device,
      received: received + (later?.received ?? 0),
      sent: sent + (later?.sent ?? 0),
    };
  });
}
