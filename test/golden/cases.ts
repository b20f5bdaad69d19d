import type { Cause } from '../../shared/contract/causes.ts';
import type { ReportedIncident, Site } from '../../shared/contract/report.ts';
import { isOfApi } from '../../shared/core/diagnose/causes.ts';
import type { Latency, RememberedApi } from '../../shared/core/latency.ts';
import type { DaemonSet } from '../../shared/core/overlay/restart.ts';
import { type Cidr, type IpAddress, parseCidr } from '../../shared/core/overlay/addresses.ts';
import type {
  Anomaly,
  ClusterNode,
  Device,
  Install,
  Tables,
} from '../../shared/core/overlay/vtep.ts';
import { type Answer, type Cluster, cluster, NOW } from '../support/cluster.ts';
import { cidr } from '../support/addressing.ts';
import { inBothFamilies, inIpv6, withoutSixth } from '../support/families.ts';
import { routedDirectly } from '../support/direct-routing.ts';
import type { Decision } from '../../shared/core/run/run.ts';
import { cutOff, HEARD, trying } from '../support/packets.ts';
import { decided } from '../support/runs.ts';

/** The cluster of the golden pages, as Systems Manager knows it. */
export const SITE: Site = {
  account: '123456789012',
  region: 'eu-central-1',
  targets: [{ Key: 'tag:vtepwatch', Values: ['prod'] }],
};

/** How large the fault is: of six nodes, of sixty, or of five hundred. */
const SIZES = { few: 6, many: 60, most: 500 } as const;

type Size = keyof typeof SIZES;

const LOST = { subject: 'master1' } as const;

/** Damage that is named by each cause. Where hosts are at fault, one of six is, or two thirds of more. */
const DAMAGE: Readonly<Record<Cause, (whole: Cluster) => Cluster>> = {
  'device-missing': (whole) => whole.listed().dropDevice(...hostsOf(whole)),
  'device-down': (whole) =>
    hostsOf(whole).reduce(
      (sofar, host) => sofar.answer(host, onDevice({ up: false })),
      losing(whole.listed(), ['neighbour', 'route']),
    ),
  'duplicate-pod-cidr': (whole) => {
    const { podCidr, tunnelIp } = whole.vtepOf('master1');
    return whole
      .listed((node) =>
        node.name === 'node1'
          ? {
              ...node,
              podCidrs: podCidr === undefined ? [] : [podCidr],
              createdAt: NOW - 3_600_000,
            }
          : node,
      )
      .answer('node1', onDevice({ addresses: [cidr(`${tunnelIp}/32`)] }))
      .change('neighbour', LOST);
  },
  'duplicate-mac': (whole) => {
    const { mac } = whole.vtepOf('master1');
    const { tunnelIp, underlayIp } = whole.vtepOf('node1');
    return programming(whole, (table) => ({
      ...table,
      neighbours: table.neighbours?.map((one) => (one.ip === tunnelIp ? { ...one, mac } : one)),
      fdb: table.fdb?.map((one) =>
        one.mac === mac && underlayIp !== undefined ? { ...one, destination: underlayIp } : one,
      ),
    }))
      .listed((node) =>
        node.name === 'node1'
          ? {
              ...node,
              annotated: node.annotated.map((own) => ({ ...own, mac })),
              createdAt: NOW - 3_600_000,
            }
          : node,
      )
      .answer('node1', onDevice({ mac }));
  },
  'duplicate-underlay': (whole) => publishing(whole, 'node1', whole.vtepOf('master1').underlayIp),
  'tunnel-ip-drift': (whole) =>
    whole.listed().answer('master1', onDevice({ addresses: [cidr('10.68.200.0/32')] })),
  'vxlan-mismatch': (whole) => whole.listed().answer('master1', onDevice({ port: 4789 })),
  overlap: (whole) =>
    whole
      .listed()
      .lose('route', { observer: 'node2', subject: 'master1' })
      .answer(
        'node2',
        withAnomaly({ what: 'network', device: 'eth1', range: whole.vtepOf('master1').podCidr }),
      ),
  'mac-drift': (whole) => whole.listed().drift('master1'),
  partition: (whole) => parted(whole.listed()),
  'tables-empty': (whole) => losing(whole.listed(), ['neighbour', 'fdb', 'route']),
  'neighbours-and-routes-lost': (whole) => losing(whole.listed(), ['neighbour', 'route']),
  'neighbours-flushed': (whole) => losing(whole.listed(), ['neighbour']),
  'stale-mac': (whole) => whole.listed().renew('master1'),
  'mac-mismatch': (whole) => whole.change('neighbour', LOST),
  'underlay-moved': (whole) => whole.listed().change('fdb', LOST),
  'never-programmed': (whole) =>
    whole.listed().lose('neighbour', LOST).lose('fdb', LOST).lose('route', LOST),
  'entries-missing': (whole) => whole.listed().lose('neighbour', LOST).lose('fdb', LOST),
  'neighbour-missing': (whole) => whole.listed().ask('INCOMPLETE', LOST),
  'fdb-missing': (whole) => whole.listed().lose('fdb', LOST),
  'route-missing': (whole) => whole.listed().lose('route', LOST),
  'direct-route-missing': (whole) => routedDirectly(whole.listed()).lose('route', LOST),
  'overlay-blackhole': (whole) => trying(whole.listed(), cutOff('master1')),
  'neighbour-not-permanent': (whole) => whole.listed().weaken(LOST),
  'ghost-entry': (whole) =>
    whole
      .listed()
      .answer('node2', withAnomaly({ what: 'blackhole', range: partOf(whole, 'master1') })),
  'bridge-mismatch': (whole) => whole.listed().answer('node2', withBridge('10.99.4.1/24')),
  'annotation-missing': (whole) =>
    whole.listed((node) => (node.name === 'master1' ? { ...node, annotated: [] } : node)),
  'mtu-mismatch': (whole) => whole.listed().answer('master1', onDevice({ mtu: 1400 })),
  'control-plane-unreachable': (whole) => whole.listed(),
  'slow-control-plane': (whole) => whole.listed(),
};

function programming(
  whole: Cluster,
  tablesOf: (tables: Tables, observer: string) => Tables,
): Cluster {
  return whole.names.reduce(
    (seen, observer) =>
      seen.answer(observer, (answer) => ({ ...answer, tables: tablesOf(answer.tables, observer) })),
    whole,
  );
}

/** A node publishes this underlay IP, which no interface of its host has, and all others were programmed with it. */
function publishing(whole: Cluster, node: string, publicIp: IpAddress | undefined): Cluster {
  const { mac } = whole.vtepOf(node);
  return programming(whole, (tables, observer) => ({
    ...tables,
    fdb: tables.fdb?.map((one) =>
      one.mac === mac && publicIp !== undefined ? { ...one, destination: publicIp } : one,
    ),
    ownAddresses: new Set(['127.0.0.1', whole.vtepOf(observer).underlayIp ?? '']),
  })).listed((one) =>
    one.name === node
      ? { ...one, annotated: one.annotated.map((own) => ({ ...own, publicIp })) }
      : one,
  );
}

/** What the masters' API servers took in the run that pages: of six nodes one is at fault, of more all. */
function timesOf(cause: Cause, size: Size): readonly Latency[] {
  const faulty = size === 'few' ? ['master1'] : MASTERS;
  return MASTERS.flatMap((node) => {
    if (!faulty.includes(node)) return timed(node, 0.19);
    if (cause === 'control-plane-unreachable') return refused(node);
    return cause === 'slow-control-plane' ? [...timed(node, 45.07), lostMetrics(node)] : [];
  });
}

const MASTERS = ['master1', 'master2', 'master3'] as const;

const GET_NODES = { kind: 'get-nodes' } as const;
const READYZ = { kind: 'readyz' } as const;

function timed(node: string, seconds: number): readonly Latency[] {
  return [
    { node, request: GET_NODES, outcome: 'answered', seconds, detail: '' },
    { node, request: READYZ, outcome: 'answered', seconds: 0.052, detail: '' },
  ];
}

function refused(node: string): readonly Latency[] {
  return [GET_NODES, READYZ].map((request) => ({
    node,
    request,
    outcome: 'failed',
    seconds: 0.08,
    detail: 'connection refused',
  }));
}

function lostMetrics(node: string): Latency {
  const request = { kind: 'api', path: '/apis/metrics.k8s.io/v1beta1' } as const;
  return { node, request, outcome: 'failed', seconds: 11.3, detail: 'ServiceUnavailable' };
}

/** The run before measured the same, and many before it were fast. */
function rememberedOf(cause: Cause): readonly RememberedApi[] {
  return MASTERS.map((node) => ({
    node,
    usual: Array.from({ length: 12 }, () => 0.21),
    slow: 1,
    unreachable: cause === 'control-plane-unreachable' ? 1 : 0,
    isHeard: true,
    isExplained: false,
  }));
}

/** The host's devices, of which something else is true. */
function onDevice(changes: Partial<Device>): (answer: Answer) => Answer {
  return (answer) => ({
    ...answer,
    tables: {
      ...answer.tables,
      devices: answer.tables.devices?.map((device) => ({ ...device, ...changes })),
    },
  });
}

/** Everything that the host sends of its surroundings, with this in the way of the pods. */
function withAnomaly(anomaly: Anomaly): (answer: Answer) => Answer {
  return (answer) => ({ ...answer, tables: { ...answer.tables, anomalies: [anomaly] } });
}

function withBridge(text: string): (answer: Answer) => Answer {
  const address = parseCidr(text);
  const bridges = address === undefined ? [] : [{ device: 'cni0', address }];
  return (answer) => ({ ...answer, tables: { ...answer.tables, bridges } });
}

/** A quarter of a node's pod CIDR. */
function partOf(whole: Cluster, node: string): Cidr | undefined {
  return parseCidr(whole.vtepOf(node).podCidr?.replace('/24', '/26') ?? '');
}

function hostsOf({ names }: Cluster): readonly string[] {
  return names.length <= SIZES.few ? ['node1'] : names.slice(0, Math.round((names.length * 2) / 3));
}

function losing(whole: Cluster, tables: readonly ('neighbour' | 'fdb' | 'route')[]): Cluster {
  const observer = hostsOf(whole);
  return tables.reduce((sofar, table) => sofar.lose(table, { observer }), whole);
}

function parted(whole: Cluster): Cluster {
  const half = whole.names.length / 2;
  const sides = [whole.names.slice(0, half), whole.names.slice(half)];
  const [one = [], other = []] = sides;
  return (['neighbour', 'fdb', 'route'] as const).reduce(
    (sofar, table) =>
      sofar
        .lose(table, { observer: one, subject: other })
        .lose(table, { observer: other, subject: one }),
    whole,
  );
}

/** The incident that a cluster with this damage has, once a second look has confirmed it. */
export async function incidentOf(
  cause: Cause,
  size: Size,
  install: Install | 'unknown' | 'calico' = 'canal',
): Promise<ReportedIncident> {
  const whole = DAMAGE[cause](cluster(SIZES[size]));
  const known = identified(install === 'calico' ? onCalico(whole) : whole, {
    install: install === 'unknown' || install === 'calico' ? undefined : install,
    ids: 'i-',
  });
  const { reported } = isOfApi(cause)
    ? await decided(
        known.facts({ site: SITE, apis: rememberedOf(cause) }),
        [],
        timesOf(cause, size),
      )
    : await decidedOnceDue(known);
  const [incident] = reported;
  const called = install === 'calico' ? (ON_CALICO[cause] ?? cause) : cause;
  if (incident === undefined || incident.cause !== called || reported.length > 1) {
    throw new Error(`${cause}, ${size}: found ${reported.map(({ key }) => key).join(', ')}`);
  }
  return { ...incident, phase: 'open' };
}

/** Every host as Systems Manager knows it: `mi-` where it is no instance of EC2. */
function identified(
  whole: Cluster,
  { install, ids }: { readonly install: Install | undefined; readonly ids: 'i-' | 'mi-' },
): Cluster {
  return whole.names.reduce(
    (sofar, name, at) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        host: {
          ...answer.host,
          install,
          kubeconfig: name.startsWith('master') ? '/etc/kubernetes/admin.conf' : undefined,
          instanceId: `${ids}0123456789abc${String(at).padStart(4, '0')}`,
        },
      })),
    whole,
  );
}

/** What else a page depends on, each with a fault that shows it. */
const CIRCUMSTANCES = {
  hybrid: { cause: 'neighbour-missing', size: 'few', ids: 'mi-', times: [], daemonSets: [] },
  'on-delete': {
    cause: 'device-missing',
    size: 'many',
    ids: 'i-',
    times: [],
    daemonSets: [
      { namespace: 'kube-system', name: 'canal', strategy: 'OnDelete', maxUnavailable: undefined },
    ],
  },
  'api-away': {
    cause: 'device-missing',
    size: 'few',
    ids: 'i-',
    times: MASTERS.flatMap(refused),
    daemonSets: [],
  },
  'api-slow': {
    cause: 'neighbour-missing',
    size: 'few',
    ids: 'i-',
    times: MASTERS.flatMap((node) => timed(node, 45.07)),
    daemonSets: [],
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly cause: Cause;
      readonly size: Size;
      readonly ids: 'i-' | 'mi-';
      readonly times: readonly Latency[];
      readonly daemonSets: readonly DaemonSet[];
    }
  >
>;

/** The incident of a fault where something else is true than on other pages. */
export async function incidentWhere(
  circumstance: keyof typeof CIRCUMSTANCES,
): Promise<ReportedIncident> {
  const { cause, size, ids, times, daemonSets } = CIRCUMSTANCES[circumstance];
  const known = identified(DAMAGE[cause](cluster(SIZES[size])), { install: 'canal', ids });
  const { reported } = await decided(known.facts({ site: SITE, daemonSets }), [], times);
  const [incident] = reported;
  if (incident?.cause !== cause) throw new Error(`${circumstance}: no incident of ${cause}`);
  return { ...incident, phase: 'open' };
}

/** How the addresses of the cluster are, and of the fault. */
const FAMILIES = {
  'ipv6-only': (whole: Cluster) => withoutMaster1(inIpv6(whole)),
  'dual-stack': (whole: Cluster) => withoutMaster1(inBothFamilies(whole)),
  'dual-stack-ipv4': (whole: Cluster) => inBothFamilies(whole).lose('neighbour', LOST),
} as const;

/** Every other node has lost the neighbour entry for master1's IPv6. */
function withoutMaster1(whole: Cluster): Cluster {
  return whole.names
    .filter((observer) => observer !== LOST.subject)
    .reduce((sofar, observer) => withoutSixth(sofar, { observer, ...LOST }, 'neighbours'), whole);
}

/** A lost neighbour entry in a cluster of these families. */
export async function incidentIn(families: keyof typeof FAMILIES): Promise<ReportedIncident> {
  const known = identified(FAMILIES[families](cluster(SIZES.few)), { install: 'canal', ids: 'i-' });
  const { reported } = await decided(known.facts({ site: SITE }));
  const [incident] = reported;
  if (incident?.cause !== 'neighbour-missing') throw new Error(`${families}: no such incident`);
  return { ...incident, phase: 'open' };
}

/** A fault that two runs must find is found in two. */
async function decidedOnceDue(known: Cluster): Promise<Decision> {
  const roster = known.names.map((node) => ({
    node,
    vteps: [known.vtepOf(node)],
    master: node.startsWith('master'),
    lastSeen: NOW,
    devices: [],
    packets: HEARD,
  }));
  const first = await decided(known.facts({ site: SITE, roster }));
  return first.reported.every(({ phase }) => phase !== 'suspected')
    ? first
    : await decided(known.facts({ site: SITE, roster, now: NOW + 60_000 }), first.incidents);
}

/** What the damage is called there: a route belongs to no node, so no two sides show. */
const ON_CALICO: Readonly<Partial<Record<Cause, Cause>>> = { partition: 'entries-missing' };

/** The same cluster with Calico's devices, and its annotations where Kubernetes lists the nodes. */
function onCalico(bare: Cluster): Cluster {
  const device = 'vxlan.calico';
  const whole = bare.facts().nodes.kind === 'read' ? bare.listed(annotatedByCalico(bare)) : bare;
  return whole.names.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        tables: {
          devices: answer.tables.devices?.map((one) => ({ ...one, name: device })),
          neighbours: answer.tables.neighbours?.map((one) => ({ ...one, device })),
          fdb: answer.tables.fdb?.map((one) => ({ ...one, device })),
          routes: answer.tables.routes?.map((one) => ({ ...one, device })),
        },
      })),
    whole,
  );
}

function annotatedByCalico(whole: Cluster): (node: ClusterNode) => ClusterNode {
  return (node) => {
    const { tunnelIp, underlayIp } = whole.vtepOf(node.name);
    const address = parseCidr(`${underlayIp}/24`);
    return { ...node, annotated: [], calico: [{ family: 'ipv4', tunnelIp, address }] };
  };
}
