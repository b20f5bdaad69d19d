import { accusedIn } from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { nodesByTunnelIp, packetHistories } from '../members/packet-history.ts';
import type { IpAddress } from '../overlay/addresses.ts';
import { PACKET_TESTS, type PacketTest, type TriedPeer } from '../overlay/packets.ts';

/** So many tries each way, of which none came back, are no chance. */
const TRIES = 2;

/** A node of which nothing, or no large packet, was ever answered. */
export interface UnansweredNode {
  readonly node: string;
  readonly tunnelIp: IpAddress;
  readonly which: 'all' | 'large';
}

/**
 * Nodes that have never answered a test, although others tried, and to whose own tries none of the nodes answered
 * that do answer others. Their packets are lost, or firewalls drop these tests both ways: which of the two, nothing
 * shows of a node that has never answered. A node with a fault of its tables is left out: that explains it.
 */
export function unansweredNodes(judgement: Judgement): readonly UnansweredNode[] {
  const { vteps, findings } = judgement;
  const explained = new Set(
    findings.flatMap((finding) => [
      ...accusedIn(finding),
      ...finding.cells.flatMap(({ observer, subject }) => [observer, subject]),
    ]),
  );
  const isUnanswered = unansweredIn(judgement);
  return vteps.flatMap(({ node, tunnelIp }): readonly UnansweredNode[] => {
    if (tunnelIp === undefined || explained.has(node)) return [];
    const [small, full, tcp] = PACKET_TESTS.map((test) => isUnanswered(node, test));
    // A node that answers connections has a firewall that drops ICMP.
    if (small !== 'no' && full !== 'no' && tcp !== 'no' && small === 'yes')
      return [{ node, tunnelIp, which: 'all' }];
    return small === 'no' && full === 'yes' ? [{ node, tunnelIp, which: 'large' }] : [];
  });
}

/** `untried`: of too few tries nothing is said. */
type Unanswered = 'yes' | 'no' | 'untried';

function unansweredIn({
  members,
  vteps,
}: Pick<Judgement, 'members' | 'vteps'>): (node: string, test: PacketTest) => Unanswered {
  const histories = packetHistories(members, vteps);
  const has = (node: string, side: 'answers' | 'isAnswered', test: PacketTest): boolean =>
    histories.get(node)?.[side].includes(test) === true;
  const tries = triesIn({ members, vteps });
  const byObserver = groupBy(tries, ({ observer }) => observer);
  const bySubject = groupBy(tries, ({ subject }) => subject);
  return (node, test) => {
    if (has(node, 'answers', test) || has(node, 'isAnswered', test)) return 'no';
    const wasSent = ({ tried }: Try): boolean => tried.replies[test] !== 'untried';
    // Of what nobody is known to have answered nothing follows.
    const own = (byObserver.get(node) ?? []).filter(
      (one) => wasSent(one) && has(one.subject, 'answers', test),
    );
    const others = (bySubject.get(node) ?? []).filter(
      (one) => wasSent(one) && has(one.observer, 'isAnswered', test),
    );
    if (others.some(({ tried }) => tried.replies[test] === 'answered')) return 'no';
    return own.length >= TRIES && others.length >= TRIES ? 'yes' : 'untried';
  };
}

interface Try {
  readonly observer: string;
  readonly subject: string;
  readonly tried: TriedPeer;
}

/** Every try between two nodes that are settled. */
function triesIn({ members, vteps }: Pick<Judgement, 'members' | 'vteps'>): readonly Try[] {
  const nodeOf = nodesByTunnelIp(vteps);
  const settled = members.filter(({ grace }) => grace === undefined);
  const names = new Set(settled.map(({ node }) => node));
  return settled.flatMap(({ node: observer, observed }) =>
    (observed?.packets?.tried ?? []).flatMap((tried): readonly Try[] => {
      const subject = nodeOf.get(tried.ip);
      const isTry = subject !== undefined && subject !== observer && names.has(subject);
      return isTry ? [{ observer, subject, tried }] : [];
    }),
  );
}
