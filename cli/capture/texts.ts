import type { Facts } from '../../shared/core/facts.ts';
import type { Latency } from '../../shared/core/latency.ts';
import type { Observation } from '../../shared/core/overlay/vtep.ts';
import { isNodeName } from '../../shared/core/parse/kubernetes.ts';
import { printable } from '../../shared/core/plain-text.ts';
import { remark } from '../progress.ts';
import type { Listings } from './listings.ts';
import { daemonSetsJson, nodesJson } from './node-list-json.ts';

/** What hosts answered to the script of the function, and the listings that they printed, by the hosts' ids. */
interface Captured {
  readonly facts: Facts;
  readonly latencies: readonly Latency[];
  readonly listings: ReadonlyMap<string, Listings>;
}

/** The texts of a capture by their paths: a folder for each host, and the node list. */
export function captureTexts({
  facts,
  latencies,
  listings,
}: Captured): ReadonlyMap<string, string> {
  const names = namesIn(facts.observations);
  const texts = new Map<string, string>();
  for (const [id, { host, texts: files, failed }] of listings) {
    if (failed.length > 0) remark(printable(`  ${id}: it has no ${failed.join(', ')}`));
    const name = names.get(id) ?? host.toLowerCase();
    const folder = isNodeName(name) ? name : (id.split('@').at(-1) ?? id);
    if ([...texts.keys()].some((path) => path.startsWith(`${folder}/`))) {
      remark(printable(`  ${id}: left out, since another host has the name ${folder} too`));
      continue;
    }
    for (const [file, text] of files) texts.set(`${folder}/${file}`, text);
  }
  for (const { node, request, outcome, seconds } of latencies) {
    if (request.kind !== 'get-nodes' || outcome !== 'answered' || !isNodeName(node)) continue;
    // A folder with this file alone would count as a host that was captured.
    if (![...texts.keys()].some((path) => path.startsWith(`${node}/`))) continue;
    texts.set(`${node}/kubectl-get-nodes.txt`, `real ${seconds.toFixed(2)}\n`);
  }
  return new Map([...[...texts].toSorted(byPath), ...listTexts(facts)]);
}

/** What hosts call themselves, by their ids. */
function namesIn(observations: readonly Observation[]): ReadonlyMap<string, string> {
  return new Map(
    observations.flatMap((one) =>
      one.kind === 'unknown' || one.host.instanceId === undefined
        ? []
        : [[one.host.instanceId, one.host.node]],
    ),
  );
}

function listTexts({ nodes, daemonSets }: Facts): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (nodes.kind === 'read') texts.set('nodes.json', nodesJson(nodes.after));
  else remark('  no node list: no master among these hosts reported one');
  if (daemonSets.length > 0) texts.set('daemonsets.json', daemonSetsJson(daemonSets));
  return texts;
}

function byPath([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}
