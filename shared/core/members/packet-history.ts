import { PACKET_TESTS, type PacketHistory, type PacketTest } from '../overlay/packets.ts';
import type { Vtep } from '../overlay/vtep.ts';
import type { Member } from './member.ts';

/** Which node has each tunnel IP. */
export function nodesByTunnelIp(vteps: readonly Vtep[]): ReadonlyMap<string, string> {
  return new Map(
    vteps.flatMap(({ node, tunnelIp }) =>
      tunnelIp === undefined ? [] : [[tunnelIp, node] as const],
    ),
  );
}

/** So many hosts must have been answered in one run, so that none alone can say of another that it answers. */
const WITNESSES = 2;

/** What each node has ever answered, and been answered, up to this run. */
export function packetHistories(
  members: readonly Member[],
  vteps: readonly Vtep[],
): ReadonlyMap<string, PacketHistory> {
  const answers = new Map<string, Set<PacketTest>>();
  const isAnswered = new Map<string, Set<PacketTest>>();
  for (const { node, remembered } of members) {
    answers.set(node, new Set(remembered?.packets?.answers));
    isAnswered.set(node, new Set(remembered?.packets?.isAnswered));
  }
  const nodeOf = nodesByTunnelIp(vteps);
  const witnesses = new Map<string, Set<string>>();
  for (const { node, observed } of members) {
    for (const { ip, replies } of observed?.packets?.tried ?? []) {
      for (const test of PACKET_TESTS.filter((one) => replies[one] === 'answered')) {
        isAnswered.get(node)?.add(test);
        const peer = nodeOf.get(ip) ?? '';
        const known = witnesses.get(`${peer} ${test}`) ?? new Set();
        witnesses.set(`${peer} ${test}`, known.add(node));
        if (known.size >= WITNESSES) answers.get(peer)?.add(test);
      }
    }
  }
  return new Map(
    members.map(({ node }) => [
      node,
      { answers: inOrder(answers.get(node)), isAnswered: inOrder(isAnswered.get(node)) },
    ]),
  );
}

function inOrder(tests: ReadonlySet<PacketTest> = new Set()): readonly PacketTest[] {
  return PACKET_TESTS.filter((test) => tests.has(test));
}
