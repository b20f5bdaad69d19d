import type { Cause } from '../../../shared/contract/causes.ts';
import { ROSTER } from '../../../lab/machines/roster.ts';
import type { Held } from '../machines/tables.ts';

const MAC = '36:9b:9c:53:4a:10';
const OLD_MAC = '6e:0d:51:c7:22:9b';

/** The three entries by which the peers know master1. */
const NEIGHBOUR = `10.68.0.0 lladdr ${MAC} PERMANENT`;
const FDB = `${MAC} dst 192.168.1.140 self permanent`;
const ROUTE = '10.68.0.0/24 via 10.68.0.0 dev flannel.1 onlink';

type Change = (held: Held) => Held;

/** What a fault makes of what a machine held before it, by the machine's name. */
export const EXPECTED_TABLES: Readonly<Record<Cause, (held: Held, name: string) => Held>> = {
  'neighbour-missing': onPeers(without(NEIGHBOUR)),
  'fdb-missing': onPeers(without(FDB)),
  'route-missing': onPeers(without(ROUTE)),
  'entries-missing': onPeers(without(NEIGHBOUR, FDB)),
  'never-programmed': onPeers(without(NEIGHBOUR, FDB, ROUTE)),
  'neighbour-not-permanent': onPeers(replaced(NEIGHBOUR, `10.68.0.0 lladdr ${MAC} STALE`)),
  'stale-mac': onPeers(replaced(MAC, OLD_MAC)),
  'mac-mismatch': onPeers(replaced(MAC, OLD_MAC)),
  'underlay-moved': onPeers(replaced(FDB, `${MAC} dst 192.168.1.240 self permanent`)),
  'mac-drift': on('master1', (held) => ({ ...held, neighbours: [] })),
  'neighbours-flushed': on('node2', (held) => ({ ...held, neighbours: [] })),
  'neighbours-and-routes-lost': on('node2', (held) => ({ ...held, neighbours: [], routes: [] })),
  partition: (held, name) => without(...entriesOfOtherSide(name))(held),
  'tables-empty': on('node2', () => ({ neighbours: [], fdb: [], routes: [] })),
  'device-missing': on('node2', () => ({ neighbours: [], fdb: [], routes: [] })),
};

/** Masters stand on one side, workers on the other. */
function entriesOfOtherSide(name: string): readonly string[] {
  return ROSTER.filter(({ master }) => master !== name.startsWith('master')).flatMap(
    ({ tunnelIp, vtepMac, underlayIp, podCidr }) => [
      `${tunnelIp} lladdr ${vtepMac} PERMANENT`,
      `${vtepMac} dst ${underlayIp} self permanent`,
      `${podCidr} via ${tunnelIp} dev flannel.1 onlink`,
    ],
  );
}

function on(machine: string, change: Change): (held: Held, name: string) => Held {
  return (held, name) => (name === machine ? change(held) : held);
}

function onPeers(change: Change): (held: Held, name: string) => Held {
  return (held, name) => (name === 'master1' ? held : change(held));
}

function without(...entries: readonly string[]): Change {
  return onEach((table) => table.filter((entry) => !entries.includes(entry)));
}

function replaced(words: string, others: string): Change {
  return onEach((table) => table.map((entry) => entry.replace(words, others)).toSorted());
}

function onEach(change: (table: readonly string[]) => readonly string[]): Change {
  return ({ neighbours, fdb, routes }) => ({
    neighbours: change(neighbours),
    fdb: change(fdb),
    routes: change(routes),
  });
}
