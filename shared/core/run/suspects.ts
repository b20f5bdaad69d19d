import { TRIED_PEERS } from '../../contract/probe.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { accusedIn } from '../diagnose/finding.ts';
import type { Judgement } from '../judge.ts';
import { majority } from '../group.ts';

/**
 * The tunnel IPs that more hosts try with packets in the next run: those of the nodes that lose their packets,
 * or else of the node of which most ways were lost. A host tries one of them, so that each more is tried less.
 */
export function suspectsIn({
  findings,
  matrix,
  vteps,
}: Pick<Judgement, 'findings' | 'matrix' | 'vteps'>): readonly string[] {
  const accused = findings
    .filter(({ cause }) => CAUSE_RULES[cause].isOfPackets === true)
    .flatMap(accusedIn);
  const lost = (matrix.settled.tried ?? []).filter(({ path }) => path !== 'whole');
  const worst = majority(lost.flatMap(({ observer, subject }) => [subject, observer]));
  const suspects = accused.length > 0 || worst === undefined ? accused : [worst];
  return suspects
    .flatMap((node) =>
      vteps.filter((vtep) => vtep.node === node).flatMap(({ tunnelIp }) => tunnelIp ?? []),
    )
    .slice(0, TRIED_PEERS);
}
