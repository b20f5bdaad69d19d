import { type PacketTest, PACKET_TESTS, type Reply } from '../../shared/core/overlay/packets.ts';
import type { Cluster } from './cluster.ts';

type Replies = Readonly<Record<PacketTest, Reply>>;

export const WHOLE: Replies = { small: 'answered', full: 'answered', tcp: 'answered' };
export const NOTHING: Replies = { small: 'lost', full: 'lost', tcp: 'lost' };

/** What became of the tests from one node to another; undefined where all went well. */
type Ways = (observer: string, subject: string) => Replies | undefined;

/** How many peers a host tries. */
const TRIED = 3;

/** Every host has tried the three nodes after it, and has once been answered by all in every test. */
export function trying(whole: Cluster, ways: Ways): Cluster {
  return whole.names.reduce((sofar, observer, at) => {
    const peers = Array.from({ length: whole.names.length - 1 }, (_, step) => {
      return whole.names[(at + step + 1) % whole.names.length] ?? '';
    });
    const tried = peers.slice(0, TRIED).flatMap((subject) => {
      const { tunnelIp: ip } = whole.vtepOf(subject);
      return ip === undefined ? [] : [{ ip, replies: ways(observer, subject) ?? WHOLE }];
    });
    const isCutOff = peers.every((subject) => ways(observer, subject) === NOTHING);
    const traffic = [{ device: 'flannel.1', received: isCutOff ? 0 : 10, sent: 16 }];
    return sofar.answer(observer, (answer) => ({ ...answer, packets: { tried, traffic } }));
  }, whole);
}

/** Nothing comes back from these nodes, and nothing to them. */
export function cutOff(...nodes: readonly string[]): Ways {
  return (observer, subject) =>
    nodes.includes(observer) || nodes.includes(subject) ? NOTHING : undefined;
}

/** What every node remembers where all have answered each other before. */
export const HEARD = { answers: [...PACKET_TESTS], isAnswered: [...PACKET_TESTS] };
