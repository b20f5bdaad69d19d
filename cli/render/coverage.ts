import type {
  Coverage,
  Gap,
  Report,
  ReportedNodeList,
  TriedPackets,
} from '../../shared/contract/report.ts';
import { enumerate, printable } from '../../shared/core/plain-text.ts';
import { formatDuration } from '../../shared/core/time.ts';
import { overlayLine } from './overlay.ts';

/** How many nodes a line names; `--json` has them all. */
const NAMES = 12;

/** What a run covered. */
export function coverageLines(
  { hosts, overlay, packets }: Pick<Report, 'hosts' | 'overlay' | 'packets'>,
  coverage: Coverage,
): readonly string[] {
  const all = hosts.observed.length + hosts.unknown.length;
  return [
    `overlay        ${overlay === undefined ? 'none found' : overlayLine(overlay)}`,
    `answered       ${hosts.observed.length} of ${all} nodes`,
    `not reporting  ${namesOf(coverage.outside, 'none')}`,
    ...nodeListLines(coverage.nodeList),
    `packets        ${packets === undefined ? 'none sent' : packetsText(packets)}`,
    `masters        ${namesOf(coverage.masters, 'none found')}`,
    `pages to       ${namesOf(coverage.channels, 'nobody')}`,
  ];
}

/** `35 of 36 ways came back; lost: node1 to node2 (large-packets); not tried: node3 (small, full: …)` */
export function packetsText({ ways, lost, lostWays, untried }: TriedPackets): string {
  const named = lostWays.map(({ observer, subject, loss }) => {
    const which = loss === undefined ? '' : ` (${loss} alone)`;
    return `${observer} to ${subject}${which}`;
  });
  const without = untried.map(
    ({ node, tests, reason }) => `${node} (${tests.join(', ')}: ${reason})`,
  );
  return [
    ways === 0
      ? 'sent, and no way counts: no node is known to answer them'
      : `${ways - lost} of ${ways} ways came back`,
    ...(lost === 0 ? [] : [`lost: ${enumerate(named.map(printable), LOST_WAYS)}`]),
    ...(without.length === 0 ? [] : [`not tried: ${enumerate(without.map(printable), UNTRIED)}`]),
  ].join('; ');
}

/** How many of them a line names. */
const LOST_WAYS = 6;
const UNTRIED = 3;

function nodeListLines(list: ReportedNodeList | undefined): readonly string[] {
  if (list === undefined) return [];
  const unsettled =
    list.unsettled.length === 0 ? '' : `; not checked by it: ${namesOf(list.unsettled, '')}`;
  return [`node list      ${sourceOf(list)}${unsettled}`];
}

function sourceOf({ source, nodes, ageSeconds, voters, silent }: ReportedNodeList): string {
  const age = ageSeconds < 1 ? '' : `, ${formatDuration(ageSeconds)} old`;
  switch (source) {
    case 'masters': {
      const unanswered = silent.length === 0 ? '' : `, no answer from ${namesOf(silent, '')}`;
      return `${nodes} nodes, reported by ${namesOf(voters, 'no master in this run')}${unanswered}${age}`;
    }
    case 'kubeconfig':
      return `${nodes} nodes, by the kubeconfig${age}`;
    case 'awaited':
      return 'none has come yet: nothing is paged before one does';
    case 'hosts':
      return 'none: the hosts that answered, and those that answered before, are taken for the nodes';
  }
}

/** What is not configured, each with what it would add. */
export function gapLines({ gaps }: Coverage): readonly string[] {
  return gaps.map(gapLine);
}

function gapLine({ missing, adds, causes }: Gap): string {
  const ambiguous =
    causes.length === 0
      ? ''
      : `; without it ${enumerate(causes, causes.length)} cannot be distinguished`;
  return `${missing}: ${printable(adds)}${ambiguous}`;
}

function namesOf(names: readonly string[], none: string): string {
  return names.length === 0 ? none : enumerate(names.map(printable), NAMES);
}
