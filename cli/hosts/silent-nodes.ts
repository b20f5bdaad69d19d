import type { Report } from '../../shared/contract/report.ts';
import type { Facts } from '../../shared/core/facts.ts';
import type { ClusterNode, Observation } from '../../shared/core/overlay/vtep.ts';
import { NO_ANSWER_YET } from '../../shared/core/report/checked.ts';

/**
 * Hosts that gave no answer, with the names of their nodes where the list has one of the host's own name or
 * address: then the reason stands beside the node. No earlier run knows them. `hostOf` makes it of a host's id.
 */
export function withNodesOfSilent(facts: Facts, hostOf: (id: string) => string): Facts {
  if (facts.nodes.kind !== 'read') return facts;
  const { after } = facts.nodes;
  const observations = facts.observations.map((one): Observation => {
    if (one.kind !== 'unknown' || one.node !== undefined) return one;
    return { ...one, node: nodeOf(hostOf(one.instanceId), after) };
  });
  return { ...facts, observations };
}

function nodeOf(host: string, nodes: readonly ClusterNode[]): string | undefined {
  const name = host.toLowerCase();
  const fitting = nodes.filter(
    (node) =>
      node.name === name ||
      node.name.split('.')[0] === name ||
      node.internalIps.some((ip) => ip === name),
  );
  const [node, ...others] = fitting;
  return others.length === 0 ? node?.name : undefined;
}

/** A check asks once: it is not that a node's host may still answer. */
export function withoutYet(report: Report): Report {
  const { checked } = report;
  if (checked === undefined) return report;
  const unchecked = checked.unchecked.map((one) =>
    one.reason === NO_ANSWER_YET
      ? { ...one, reason: 'none of the hosts that answered is it' }
      : one,
  );
  return { ...report, checked: { ...checked, unchecked } };
}
