import { accusedIn } from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { nodesByTunnelIp, packetHistories } from '../members/packet-history.ts';
import type { IpAddress } from '../overlay/addresses.ts';
import { PACKET_TESTS, type PacketTest, type TriedPeer } from '../overlay/packets.ts';

/** So many tries each way, of which none came back, are no chance; and so many hosts say so. */
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

/**
 * Where no node of the cluster was ever answered: `all`, if no device of the overlay received a packet either, since a
 * firewall of the hosts drops what a device has received; `large`, if small packets came back. What lost entries
 * explain is left out.
 */
export function unansweredEverywhere(judgement: Judgement): UnansweredNode['which'] | undefined {
  const { members, vteps, findings } = judgement;
  if (findings.length > 0) return undefined;
  const tries = triesIn(judgement);
  const histories = [...packetHistories(members, vteps).values()];
  const isLost = (test: PacketTest): boolean => {
    const lost = tries.filter(({ tried }) => tried.replies[test] === 'lost');
    return (
      new Set(lost.map(({ observer }) => observer)).size >= TRIES &&
      tries.every(({ tried }) => tried.replies[test] !== 'answered') &&
      histories.every(
        ({ answers, isAnswered }) => !answers.includes(test) && !isAnswered.includes(test),
      )
    );
  };
  const isSmallWhole =
    tries.filter(({ tried }) => tried.replies.small === 'answered').length >= TRIES;
  if (isSmallWhole) return isLost('full') ? 'large' : undefined;
  const isNone = PACKET_TESTS.every(
    (test) => isLost(test) || tries.every(({ tried }) => tried.replies[test] === 'untried'),
  );
  const traffic = members.flatMap(({ observed }) => observed?.packets?.traffic ?? []);
  const isDeaf = traffic.some(({ sent }) => sent > 0) && traffic.every((one) => one.received === 0);
  return isLost('small') && isNone && isDeaf ? 'all' : undefined;
}

function unansweredIn({
  members,
  vteps,
}: Pick<Judgement, 'members' | 'vteps'>): (node: string, test: PacketTest) => Unanswered {
  const histories = packetHistories(members, vteps);
  const tries = triesIn({ members, vteps });
  // Of a small cluster only one other host may have been answered, which is no history yet.
  const answered = new Set(
    tries.flatMap(({ subject, tried }) =>
      PACKET_TESTS.filter((test) => tried.replies[test] === 'answered').map(
        (test) => `${subject} ${test}`,
      ),
    ),
  );
  const has = (node: string, side: 'answers' | 'isAnswered', test: PacketTest): boolean =>
    histories.get(node)?.[side].includes(test) === true ||
    (side === 'answers' && answered.has(`${node} ${test}`));
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
