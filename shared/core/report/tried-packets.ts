/** What packets showed, beside what they accuse: how many ways came back, which did not, and who tried nothing. */
import type { TriedPackets } from '../../contract/report.ts';
import type { Judgement } from '../judge.ts';
import type { Member } from '../members/member.ts';
import { isWindowsPeer } from '../members/windows.ts';
import { PACKET_TESTS, type PacketTest } from '../overlay/packets.ts';
import { LOSSES } from '../diagnose/lost-pairs.ts';

/** How many nodes and ways are named. */
const NAMED = 20;

/** Undefined where no host sent any: the cluster has not asked for it. */
export function triedPacketsIn({ matrix }: Judgement): TriedPackets | undefined {
  const { members, tried } = matrix.settled;
  if (tried === undefined) return undefined;
  const lost = tried.filter(({ path }) => path !== 'whole');
  return {
    ways: tried.length,
    lost: lost.length,
    lostWays: lost.slice(0, NAMED).map(({ observer, subject, path }) => {
      const loss = LOSSES[path];
      return { observer, subject, ...(loss === undefined ? {} : { loss }) };
    }),
    untried: members.flatMap(untriedBy).slice(0, NAMED),
  };
}

const WITHOUT: Readonly<Record<PacketTest, string>> = {
  small: 'ping is not there, or may send nothing',
  full: 'ping sends no packets of that size',
  tcp: 'there is neither bash with timeout nor nc, or a rule of this host forbids the connection',
};

/** Why an answering host tried nothing, or not all. */
function untriedBy(member: Member): TriedPackets['untried'] {
  const { node, observed } = member;
  if (observed === undefined || isWindowsPeer(member)) return [];
  const tried = observed.packets?.tried ?? [];
  if (tried.length === 0) {
    return [
      { node, tests: [...PACKET_TESTS], reason: 'it has no route over the overlay to a peer' },
    ];
  }
  const tests = PACKET_TESTS.filter((test) =>
    tried.every(({ replies }) => replies[test] === 'untried'),
  );
  const [first] = tests;
  return first === undefined ? [] : [{ node, tests, reason: WITHOUT[first] }];
}
