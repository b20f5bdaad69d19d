/** What packets show of the pairs of nodes between which all tables are right. */
import { TABLES } from '../../contract/causes.ts';
import type { Member } from '../members/member.ts';
import { nodesByTunnelIp, packetHistories } from '../members/packet-history.ts';
import { type Family, familyOf, type IpAddress } from '../overlay/addresses.ts';
import {
  PACKET_TESTS,
  type PacketHistory,
  type PacketTest,
  type Reply,
  type TriedPeer,
} from '../overlay/packets.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { once } from '../remember.ts';
import type { Matrix, Row } from './matrix.ts';

/**
 * What a way carries. `large-lost`: small packets alone. `tcp-lost`: ICMP of any size, and no TCP connection, as
 * where a network card sums up checksums wrongly.
 */
type Path = 'whole' | 'lost' | 'large-lost' | 'tcp-lost';

/** A way from one node to another and back. */
export interface TriedPair {
  readonly observer: string;
  readonly subject: string;
  /** The tunnel IP that was tried. */
  readonly ip: string;
  readonly family: Family;
  readonly path: Path;
  /** What became of the connection alone; `untried` where it does not count. */
  readonly connection: Reply;
  /** And of the large packet. */
  readonly large: Reply;
  /** What the observer's kernel thinks that it carries, bytes. */
  readonly pathMtu?: number | undefined;
}

/** Whom the pairs are taken from, and what is known of what they hold. */
interface CheckedPackets {
  /** The checked ones. */
  readonly members: readonly Member[];
  readonly vteps: readonly Vtep[];
  readonly held: Pick<Matrix, 'rows' | 'cells' | 'unexplained'>;
}

/**
 * The pairs that hosts tried and of which something can be said, where both hosts answered this run and each
 * holds all entries for the other. Undefined where no host tried anybody.
 */
export function triedPairs({
  members,
  vteps,
  held,
}: CheckedPackets): readonly TriedPair[] | undefined {
  const isRight = once(() => areTablesRight(members, held));
  return triedWays({ members, vteps })?.filter(({ observer, subject }) =>
    isRight()(observer, subject),
  );
}

/** The same whatever the hosts hold of each other. */
export function triedWays({
  members,
  vteps,
}: Omit<CheckedPackets, 'held'>): readonly TriedPair[] | undefined {
  if (members.every(({ observed }) => observed?.packets === undefined)) return undefined;
  const tries = countedTries(members, vteps);
  const isOpen = portsOf(members, ({ replies }) => replies.tcp === 'answered');
  const isListening = portsOf(members, ({ isConnected }) => isConnected === true);
  const accepting = new Set(
    vteps.filter(({ tunnelIp = '' }) => isListening(tunnelIp)).map(({ node }) => node),
  );
  const unanswered = unansweredIn(tries);
  const counted = tries.map((one) => {
    // Where nobody gets a connection answered, the port may have been closed, unless nobody answers that node
    // either. A host that has accepted another one's connection sums up its checksums well: that its own are lost
    // is a rule of its own.
    const says = unanswered.has(one.subject) || (isOpen(one.ip) && !accepting.has(one.observer));
    return says ? one : { ...one, replies: withoutLostConnection(one.replies) };
  });
  const withoutConnections = new Set(
    counted.flatMap(({ observer, replies }) => (pathOf(replies) === 'tcp-lost' ? [observer] : [])),
  );
  return counted.flatMap(({ observer, subject, ip, pathMtu, replies }): readonly TriedPair[] => {
    const path = pathOf(replies);
    if (path === undefined) return [];
    // Of a peer that answers no ICMP the connection alone is lost as well, where it is to others.
    const isAlike = isOfConnection(replies) && withoutConnections.has(observer);
    return [
      {
        observer,
        subject,
        ip,
        family: familyOf(ip),
        path: isAlike && path === 'lost' ? 'tcp-lost' : path,
        connection: replies.tcp,
        large: replies.full,
        pathMtu,
      },
    ];
  });
}

/** What became of one try, as far as its tests count. */
interface CountedTry extends Pick<TriedPair, 'observer' | 'subject' | 'pathMtu'> {
  readonly ip: IpAddress;
  readonly replies: Replies;
}

function countedTries(members: readonly Member[], vteps: readonly Vtep[]): readonly CountedTry[] {
  const nodeOf = nodesByTunnelIp(vteps);
  const histories = packetHistories(members, vteps);
  return members.flatMap(({ node: observer, observed }) =>
    (observed?.packets?.tried ?? []).flatMap((tried): readonly CountedTry[] => {
      const subject = nodeOf.get(tried.ip);
      if (subject === undefined || subject === observer) return [];
      const replies = counting(tried, {
        answers: histories.get(subject),
        isAnswered: histories.get(observer),
      });
      return [{ observer, subject, ip: tried.ip, replies, pathMtu: tried.pathMtu }];
    }),
  );
}

/** The nodes whom nobody answers whom they try. */
function unansweredIn(tries: readonly CountedTry[]): ReadonlySet<string> {
  const of = (reply: Reply): ReadonlySet<string> =>
    new Set(
      tries.flatMap(({ observer, replies }) =>
        Object.values(replies).includes(reply) ? [observer] : [],
      ),
    );
  return of('lost').difference(of('answered'));
}

function isOfConnection({ small, full }: Replies): boolean {
  return small === 'untried' && full === 'untried';
}

/** Whether some host tried a peer in this run, and found it so. */
function portsOf(
  members: readonly Member[],
  isSo: (tried: TriedPeer) => boolean,
): (ip: string) => boolean {
  const found = new Set<string>(
    members.flatMap(({ observed }) =>
      (observed?.packets?.tried ?? []).filter(isSo).map(({ ip }) => ip),
    ),
  );
  return (ip) => found.has(ip);
}

function withoutLostConnection(replies: Replies): Replies {
  return replies.tcp === 'lost' ? { ...replies, tcp: 'untried' } : replies;
}

function isWhole(row: Row | undefined): row is Row {
  return (
    row !== undefined &&
    row.deviceFault === undefined &&
    row.lost.size === 0 &&
    TABLES.every((table) => row.shown.has(table))
  );
}

/** Whether each of two nodes is known to hold all entries for the other, over a device that works. */
function areTablesRight(
  members: readonly Member[],
  { rows, cells, unexplained }: CheckedPackets['held'],
): (one: string, two: string) => boolean {
  const answering = new Set(
    members.flatMap(({ node, observed }) => (observed === undefined ? [] : [node])),
  );
  const opaque = new Set(unexplained.flat());
  const wrong = new Set(cells.map(({ observer, subject }) => `${observer} ${subject}`));
  const holds = (observer: string, subject: string): boolean => {
    const row = rows.get(observer);
    return (
      isWhole(row) &&
      answering.has(observer) &&
      !opaque.has(observer) &&
      !row.unknown.has(subject) &&
      !wrong.has(`${observer} ${subject}`)
    );
  };
  return (one, two) => holds(one, two) && holds(two, one);
}

type Replies = Readonly<Record<PacketTest, Reply>>;

/** A test counts that the subject has ever answered, and in which anybody has ever answered the observer. */
function counting(
  { replies }: TriedPeer,
  {
    answers,
    isAnswered,
  }: {
    readonly answers: PacketHistory | undefined;
    readonly isAnswered: PacketHistory | undefined;
  },
): Replies {
  const counts = new Set(
    PACKET_TESTS.filter(
      (test) =>
        answers?.answers.includes(test) === true && isAnswered?.isAnswered.includes(test) === true,
    ),
  );
  const replyTo = (test: PacketTest): Reply => (counts.has(test) ? replies[test] : 'untried');
  return { small: replyTo('small'), full: replyTo('full'), tcp: replyTo('tcp') };
}

/**
 * What a way carries; undefined where the tests do not show it. ICMP that is filtered on the way to a host that
 * answers TCP says nothing, and neither does a port that is closed to a host that answers ICMP: a REJECT is an
 * answer where ICMP is whole.
 */
function pathOf({ small, full, tcp }: Replies): Path | undefined {
  if (small === 'answered' || full === 'answered') {
    const isLargeLost = full === 'lost' || full === 'too-big';
    // ICMP of any size passes a card that sums up checksums wrongly.
    if (tcp === 'lost' && !isLargeLost && small !== 'lost') return 'tcp-lost';
    return small === 'answered' && isLargeLost ? 'large-lost' : 'whole';
  }
  if (tcp === 'answered') return 'whole';
  const isIcmpLost = small !== 'untried';
  if (isIcmpLost) return 'lost';
  return tcp === 'lost' ? 'lost' : undefined;
}
