import type { WordTexts } from '../../contract/wire.ts';
import type { HostPackets, Reply, TriedPeer } from '../overlay/packets.ts';
import { type AnswerRecord, recordsOf } from './answer.ts';
import type { HostAction } from './host-answer.ts';

/**
 * What a host tried with packets, at most so many peers and each of them once: a host that lies must not weigh
 * more than others. Undefined where it sent none.
 */
export function packetsOf(
  records: readonly AnswerRecord<HostAction>[],
  most: number,
): HostPackets | undefined {
  const byIp = new Map(recordsOf(records, 'tried').map((record) => [record.ip, record]));
  const tried = [...byIp.values()]
    .slice(0, most)
    .flatMap(({ ip, small, full, tcp }): TriedPeer[] => {
      if (small === undefined || full === undefined || tcp === undefined) return [];
      const replies = { small: replyOf(small), full: replyOf(full), tcp: TCP_REPLIES[tcp] };
      const connected = tcp === 'connected' ? { isConnected: true as const } : {};
      return [{ ip, replies, pathMtu: pathMtuOf(full), ...connected }];
    });
  if (tried.length === 0) return undefined;
  const traffic = recordsOf(records, 'traffic').map(({ device, received, sent }) => {
    return { device, received, sent };
  });
  return { tried, traffic };
}

const TCP_REPLIES: Readonly<Record<WordTexts['connection'], Reply>> = {
  connected: 'answered',
  refused: 'answered',
  unreachable: 'unreachable',
  denied: 'untried',
  lost: 'lost',
  untried: 'untried',
};

/** The word `echo`, whose grammar has no others. */
const ECHO_REPLIES: ReadonlyMap<string, Reply> = new Map([
  ['ok', 'answered'],
  ['rejected', 'answered'],
  ['toobig', 'too-big'],
  ['unreachable', 'unreachable'],
  ['lost', 'lost'],
]);

function replyOf(echo: string): Reply {
  const [word = ''] = echo.split(',');
  return ECHO_REPLIES.get(word) ?? 'untried';
}

function pathMtuOf(echo: string): number | undefined {
  const [, mtu] = /^toobig,(\d+)$/.exec(echo) ?? [];
  return mtu === undefined ? undefined : Number(mtu);
}
