import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unpack } from '../../../../lambda/systems/ssm/packed.ts';
import { ACTIONS, type Action } from '../../../../shared/contract/probe.ts';
import { ANSWERS, GRAMMARS, RECORDS, WORDS } from '../../../../shared/contract/wire.ts';
import { readAnswer } from '../../../../shared/core/parse/answer.ts';
import { need } from '../latency/need.ts';
import { type Awk, programsOf, type Shell, SHELLS } from '../probe/awks.ts';
import {
  type Generated,
  generatedTables,
  generatedTools,
  type Line,
  WITH_IPV6,
} from '../probe/generated-tables.ts';
import { cannotHaveNamespaces, FLANNEL_HOST, ownNetwork } from '../probe/own-namespace.ts';
import { CONNECTIONS, packetTools } from '../probe/packet-tools.ts';
import { answering, joined, recorded, recordedIproute2 } from '../probe/recorded-tools.ts';
import { probeScript, scriptToRead } from '../probe/probe-script.ts';
import { type Ended, payloadOf, type Run, runProbe } from '../probe/run-probe.ts';
import { hostRoot, programs } from '../probe/scratch.ts';

const PAIRS = [
  ['dash', 'mawk'],
  ['dash', 'original-awk'],
  ['bash', 'gawk'],
  ['busybox', 'busybox'],
] as const satisfies readonly (readonly [Shell, Awk])[];

describe('every line that the script prints is a record of the answer to its action', () => {
  test.for(PAIRS)(
    'by %s and %s, which print every record and word',
    async ([shell, awk], context) => {
      need(context.skip, shell, awk);
      const own = programsOf(awk, shell);
      const missing = new Set(EVERY_WORD);
      for (const { path, ...situation } of SITUATIONS.flatMap((each) => each())) {
        const run = { ...situation, path: [own, ...path], shell: SHELLS[shell] };
        const { words, strange } = await printedBy(run);
        expect(strange).toEqual([]);
        for (const word of words) missing.delete(word);
      }
      expect([...missing]).toEqual([]);
    },
  );

  test.for(PAIRS)(
    'by %s and %s, whether the script is the one that is sent or the one that people read',
    async ([shell, awk], context) => {
      need(context.skip, shell, awk);
      const own = programsOf(awk, shell);
      for (const { path, ...situation } of SITUATIONS.flatMap((each) => each())) {
        const run = { ...situation, path: [own, ...path], shell: SHELLS[shell] };
        const [sent, read] = await Promise.all(
          [probeScript(), scriptToRead()].map((script) => runProbe({ ...run, script })),
        );
        expect(sent).toEqual(read);
      }
    },
  );

  test.skipIf(cannotHaveNamespaces()).for(['digest', 'tables', 'entries'] as const)(
    'on real devices, asked for %s',
    async (action) => {
      const wanted = action === 'entries' ? '10.42.1.0,2001:db8:42:1::,10.42.5.0/24' : '';
      const run = { action, wanted, path: [], shell: ownNetwork(FLANNEL_HOST) };
      expect((await printedBy(run)).strange).toEqual([]);
    },
  );

  test.for(['digest', 'tables'] as const)('asked for %s, whatever the tables', async (action) => {
    const root = hostRoot(WITH_IPV6);
    await fc.assert(
      fc.asyncProperty(generatedTables, async (tables) => {
        const path = [generatedTools(withMacsOfVxlan(tables))];
        expect((await printedBy({ action, path, root })).strange).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});

test('every record is in the answer to some action', () => {
  expect(new Set(ACTIONS.flatMap((action) => ANSWERS[action]))).toEqual(
    new Set(Object.keys(RECORDS)),
  );
});

test('the script and the grammar know the same devices for those of an overlay', async () => {
  const overlay = new RegExp(`^${WORDS.overlay}$`);
  const name = fc
    .tuple(
      fc.constantFrom('flannel', 'vxlan', 'Flannel', 'xflannel', 'cni'),
      fc.constantFrom('', '', '-v6', '-v4', '-'),
      fc.constantFrom('.', '.', '.', '', 'x'),
      fc.oneof(fc.constantFrom('calico', 'calico', '', 'a'), fc.nat().map(String)),
      fc.constantFrom('', '', '', '.', '0', 'x'),
    )
    .map((parts) => parts.join(''))
    // The kernel takes no longer names.
    .filter((text) => text.length < 16);
  const anyNames = fc.array(name, { minLength: 200, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(anyNames, async (made) => {
      const devices = [...new Set(made)];
      const links = devices.map((device, at) => `${at + 1}: ${device}: <UP,LOWER_UP> mtu 1450 `);
      const ip = answering({
        '-V': 'ip utility, iproute2-6.1.0\n',
        '-d -o link show type vxlan': joined(links),
      });
      const path = [programs({ ip, bridge: '' })];
      const run = { action: 'digest', path, root: hostRoot({}) };
      const printed = payloadOf(await runProbe(run)).filter((line) => line.startsWith('D '));
      expect(printed.map((line) => line.split(' ')[1])).toEqual(
        devices.filter((device) => overlay.test(device)),
      );
    }),
    { numRuns: 5 },
  );
});

interface Printed {
  /** `D.state UP` for a word that the grammar lists and for `-`, `D.index` for another. */
  readonly words: readonly string[];
  /** Lines that no record matches, and why the parser does not take the answer. */
  readonly strange: readonly string[];
}

interface Situation extends Run {
  readonly action: Action;
  readonly path: readonly string[];
}

async function printedBy(run: Situation): Promise<Printed> {
  const ended = await runProbe(run);
  const [first = ended.stdout] = /^[^]*?^vtepwatch 1 end .*\n/m.exec(ended.stdout) ?? [];
  const printed = printedIn(run.action, { ...ended, stdout: first });
  // An answer to `nodes` has one to `nodes-part` behind it.
  const rest = await unpack(ended.stdout.slice(first.length));
  if (rest.kind !== 'answered' || rest.text === '') return printed;
  const behind = printedIn('nodes-part', { ...ended, stdout: rest.text });
  return {
    words: [...printed.words, ...behind.words],
    strange: [...printed.strange, ...behind.strange],
  };
}

function printedIn(action: Action, ended: Ended): Printed {
  const read = payloadOf(ended).map((line) => {
    const kind = ANSWERS[action].find((each) => line.startsWith(`${each} `));
    return { line, kind, texts: GRAMMARS.get(kind ?? '')?.line.exec(line)?.groups };
  });
  const answer = readAnswer(action, ended.stdout);
  return {
    words: read.flatMap(({ kind, texts = {} }) =>
      Object.entries(texts).flatMap(([name, text]) => [
        `${kind}.${name}`,
        `${kind}.${name} ${text}`,
      ]),
    ),
    strange: [
      ...read.filter(({ texts }) => texts === undefined).map(({ line }) => line),
      ...(answer.kind === 'broken' ? [answer.reason] : []),
    ],
  };
}

/** Every field of every record, and of its words those that are listed and `-`. */
const EVERY_WORD: readonly string[] = [...GRAMMARS].flatMap(([kind, { fields }]) =>
  fields.flatMap(({ name, word, isOptional }) => {
    const [, text = ''] = Object.entries(WORDS).find(([known]) => known === word) ?? [];
    const listed = typeof text === 'string' ? [] : text;
    return ['', ...listed.map((each) => ` ${each}`), ...(isOptional ? [' -'] : [])].map(
      (each) => `${kind}.${name}${each}`,
    );
  }),
);

const WANTED = '10.42.1.0,8a:11:11:11:11:02,10.42.1.0/24';

const KUBELET = {
  'proc/712/comm': 'kubelet\n',
  'proc/712/status': 'Name:\tkubelet\nUid:\t0\t0\t0\t0\n',
  'proc/712/cmdline': 'kubelet\0--hostname-override=Node-A\0',
} as const;

const FLANNELD = {
  'proc/713/comm': 'flanneld\n',
  'proc/713/stat': `713 (flanneld) S${' 0'.repeat(18)} 480000 0 0\n`,
} as const;

const MASTER = {
  'etc/kubernetes/admin.conf': '',
  'var/lib/amazon/ssm/i-0/document/orchestration/1/x': '',
} as const;

/** Hosts of all kinds, each with what they are asked. */
const SITUATIONS: readonly (() => readonly Situation[])[] = [
  () => {
    const files = { ...WITH_IPV6, ...KUBELET, ...FLANNELD, ...MASTER };
    const root = hostRoot({ ...files, 'etc/cni/net.d/10-canal.conflist': '' });
    const path = [recordedIproute2('v7.1.0')];
    return [
      { action: 'digest', path, root },
      { action: 'tables', path, root },
      { action: 'tables', wanted: '0/1', path: [programs({ gzip: 'exit 1' }), ...path], root },
      { action: 'entries', wanted: WANTED, path, root },
    ];
  },
  () => {
    const root = hostRoot({ 'var/lib/rancher/rke2/x': '' });
    return [{ action: 'digest', path: [recordedIproute2('v4.11.0')], root }];
  },
  () => {
    const root = hostRoot({ 'etc/cni/net.d/10-flannel.conflist': '' });
    return [{ action: 'digest', path: [recordedIproute2('v4.18.0')], root }];
  },
  () => {
    const root = hostRoot({ 'var/lib/rancher/k3s/x': '' });
    return [{ action: 'tables', path: [recordedBusybox()], root }];
  },
  () => {
    const root = hostRoot({ 'proc/uptime': '', 'proc/sys/kernel/random/boot_id': '' });
    return [
      { action: 'tables', path: [namelessHost('exit 255', 'exit 1')], root },
      { action: 'digest', path: [namelessHost('exit 127', 'kill -9 $$')], root },
      { action: 'digest', path: [namelessHost(INTERRUPTED, 'echo nonsense')], root },
    ];
  },
  () => {
    const limited = programs({
      timeout: 'shift; exec /usr/bin/timeout 0.5 "$@"',
      ip: `[ "$*" != -V ] || exec echo 'ip utility, iproute2-ss170501'\nexec sleep 60`,
    });
    return [{ action: 'digest', path: [limited], root: hostRoot({}) }];
  },
  () => {
    const ip = answering({
      '-V': 'ip utility, iproute2-6.1.0\n',
      '-d -o link show type vxlan':
        '3: flannel.1: <UP> mtu 1450 \\ vxlan id 1 local 192.168.50.1 dev eth0 \n',
      '-o addr show': '2: eth0    inet 192.168.50.1/24 scope global eth0 \n',
      'neigh show nud all': joined([
        '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 DELAY ',
        '10.42.2.0 dev flannel.1 lladdr 8a:11:11:11:11:02 NOARP ',
      ]),
      '-4 route show': '10.9.0.0/16 via 10.0.0.1 \n',
    });
    const bridge = answering({ 'fdb show': '' });
    const root = hostRoot({
      'sys/class/net/flannel.1/ifindex': '3\n',
      'sys/class/net/eth0/mtu': '1500\n',
    });
    return [{ action: 'tables', wanted: '0/1', path: [programs({ ip, bridge })], root }];
  },
  () => HINDRANCES.map(hinderedHost),
  () => {
    const peers = [1, 2, 3, 4, 5, 6].map((at) => `10.42.${at}.0`);
    const path = [packetTools({ own: ['10.42.9.0'], peers, bash: CONNECTIONS })];
    const root = hostRoot({ 'proc/net/dev': 'flannel.1: 1 2 3 4 5 6 7 8 9 10 11\n' });
    const wanted = [...peers, '10.42.77.0'].join(',');
    return [{ action: 'packets', wanted, packets: 'on', path, root }];
  },
  () => {
    const root = hostRoot({ ...MASTER, ...KUBELET });
    const path = [programs({ kubectl: KUBECTL })];
    return [
      { action: 'latency', path, root },
      { action: 'latency', path: [programs({ kubectl: MANY_NODES })], root },
      { action: 'apis', path, root },
      { action: 'nodes', path, root },
      { action: 'nodes', path: [programs({ kubectl: MANY_NODES })], root },
      { action: 'nodes-part', wanted: EVERY_BUCKET, path, root },
    ];
  },
];

/** What is in the way of the pods, as far as one answer has room for it. */
const HINDRANCES = [
  [
    '10.42.0.0/25 via 192.168.50.9 dev eth0 ',
    '10.0.0.0/8 dev eth1 scope link ',
    'blackhole 10.42.0.32/27 ',
  ],
  ['unreachable 10.42.0.8/29 ', 'prohibit 10.42.0.16/29 ', 'throw 10.42.0.24/29 '],
] as const;

function hinderedHost(routes: readonly string[]): Situation {
  const ip = answering({
    '-V': 'ip utility, iproute2-6.1.0\n',
    '-d -o link show type vxlan': joined([
      '3: flannel.1: <UP,LOWER_UP> mtu 1450 \\ vxlan id 1 local 192.168.50.1 dstport 8472 ',
      '9: cilium_vxlan: <UP,LOWER_UP> mtu 1500 \\ vxlan external dstport 8472 ',
    ]),
    '-o addr show': joined([
      '2: eth0    inet 192.168.50.1/24 scope global eth0',
      '3: flannel.1    inet 10.42.0.0/32 scope global flannel.1',
      '4: cni0    inet 10.42.0.1/24 scope global cni0',
    ]),
    'neigh show nud all': '',
    '-4 route show': joined(routes),
  });
  const bridge = answering({ 'fdb show': '' });
  return { action: 'digest', path: [programs({ ip, bridge })], root: hostRoot({}) };
}

/** `ip` and `bridge` of busybox, which shows less. */
function recordedBusybox(): string {
  return programs({
    ip: answering({
      '-V': 'BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1) multi-call binary.\n',
      '-o link show': recorded('busybox-1.35', 'link-o').replace(' mtu 1450', ''),
      '-o addr show': recorded('iproute2-v4.11.0', 'addr-o'),
      'neigh show nud all': recorded('busybox-1.35', 'neigh-all'),
      '-4 route show': recorded('busybox-1.35', 'route-all'),
    }),
    bridge: 'exit 127',
  });
}

const INTERRUPTED = 'echo "Dump was interrupted and may be inconsistent." >&2';

/** A host whose name is none, and whose tools do this. */
function namelessHost(ip: string, bridge: string): string {
  return programs({ ip, bridge, uname: 'echo "no name"' });
}

const EVERY_BUCKET = Array.from({ length: 64 }, (_, bucket) => bucket).join(',');

const UID = '0c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11';
const BORN = '2026-11-26T01:02:03Z';
const DATA = '{"VNI":1,"VtepMAC":"8a:11:11:11:11:02"}';

/** A node with every field, one with no more than it must have, and one that is not understood. */
const NODES = {
  kind: 'NodeList',
  metadata: { resourceVersion: '4711' },
  items: [
    {
      metadata: {
        name: 'full',
        uid: UID,
        creationTimestamp: BORN,
        labels: {
          'node-role.kubernetes.io/control-plane': '',
          'topology.kubernetes.io/zone': 'eu-west-1a',
        },
        annotations: {
          'flannel.alpha.coreos.com/backend-type': 'vxlan',
          'flannel.alpha.coreos.com/backend-data': DATA,
          'flannel.alpha.coreos.com/backend-v6-data': DATA,
          'flannel.alpha.coreos.com/public-ip': '10.0.0.1',
          'flannel.alpha.coreos.com/public-ip-overwrite': '10.0.0.2',
          'flannel.alpha.coreos.com/public-ipv6': 'fd00::1',
          'flannel.alpha.coreos.com/public-ipv6-overwrite': 'fd00::2',
          'projectcalico.org/IPv4VXLANTunnelAddr': '10.42.1.0',
          'projectcalico.org/IPv4Address': '10.0.0.1/24',
          'projectcalico.org/IPv6VXLANTunnelAddr': 'fd00:42::',
          'projectcalico.org/IPv6Address': 'fd00::1/64',
        },
      },
      spec: {
        podCIDRs: ['10.42.1.0/24', 'fd00:42::/64'],
        providerID: 'aws:///eu-west-1a/i-0123456789abcdef0',
        unschedulable: true,
      },
      status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
    },
    { metadata: { name: 'bare', uid: UID, creationTimestamp: BORN } },
    { metadata: { name: 'strange', uid: 'x', creationTimestamp: BORN } },
  ],
};

const DAEMONSETS = {
  kind: 'DaemonSetList',
  metadata: { resourceVersion: '4711' },
  items: [
    {
      metadata: { name: 'canal', namespace: 'kube-system' },
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } } },
    },
    {
      metadata: { name: 'calico-node', namespace: 'kube-system' },
      spec: { updateStrategy: { type: 'OnDelete' } },
    },
  ],
};

/** Complains of everything, and lists two nodes and an aggregated API. */
const KUBECTL = `
  echo 'something is wrong' >&2
  case $* in
    *'get nodes') printf 'NAME STATUS ROLES AGE VERSION\\nnode1 Ready <none> 1d v1.33.1\\nnode2 Ready <none> 1d v1.33.1\\nip-10-0- Rea' ;;
    *apiservices) echo '{"items":[{"spec":{"group":"x","version":"v1","service":{}}}]}' ;;
    *'v1/nodes?resourceVersion=0') echo '${JSON.stringify(NODES)}' ;;
    *daemonsets*) echo '${JSON.stringify(DAEMONSETS)}' ;;
    *) exit 1 ;;
  esac`;

/** More nodes than an answer names. */
const MANY_NODES = `
  case $* in
    *'v1/nodes?resourceVersion=0') echo '${JSON.stringify(manyNodes())}' ;;
    *)
      echo NAME STATUS ROLES AGE VERSION
      for node in $(seq 60); do echo "node$node Ready <none> 1d v1.33.1"; done
      ;;
  esac`;

function manyNodes(): object {
  const metadata = { uid: UID, creationTimestamp: BORN };
  const items = Array.from({ length: 60 }, (_, at) => ({
    metadata: { ...metadata, name: `node${at}` },
  }));
  return { kind: 'NodeList', metadata: { resourceVersion: '4711' }, items };
}

/** VXLAN devices are Ethernet: their MACs have six octets. */
function withMacsOfVxlan({ neighbours, fdb, routes, routes6 }: Generated): Generated {
  const isEthernet = ({ record = '' }: Line): boolean =>
    !/ [0-9a-f]{2}(:[0-9a-f]{2})+ /.test(record) || / [0-9a-f]{2}(:[0-9a-f]{2}){5} /.test(record);
  return {
    neighbours: neighbours.filter(isEthernet),
    fdb: fdb.filter(isEthernet),
    routes,
    routes6,
  };
}
