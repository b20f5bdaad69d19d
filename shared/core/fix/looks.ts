import type { Fix } from '../../contract/report.ts';
import type { FixStep } from '../diagnose/cause-rule.ts';
import { accusedIn, conditionsIn, type Finding } from '../diagnose/finding.ts';
import type { Member } from '../members/member.ts';
import type { Family } from '../overlay/addresses.ts';
import { deviceFamily, isCalicoDevice, isOverlayDevice } from '../overlay/profile.ts';
import type { Device } from '../overlay/vtep.ts';
import { isNodeName } from '../parse/kubernetes.ts';
import { enumerate } from '../plain-text.ts';
import { kubectlAt } from './kubectl.ts';

/** A look at the first of the accused hosts. */
function lookOn(finding: Finding, command: string, condition: string): readonly Fix[] {
  return accusedIn(finding)
    .filter(isNodeName)
    .slice(0, 1)
    .map((node): Fix => {
      return { kind: 'look', hosts: [node], runs: 'on-hosts', commands: [command], condition };
    });
}

/** The port of VXLAN as the kernel and flannel have it, where a host's own is not known. */
const FLANNEL_PORT = 8472;

/** What shows why packets are lost, and the question that it answers. */
function lossLook(
  { loss, lossAt }: Pick<Finding, 'loss' | 'lossAt'>,
  { device, far }: { readonly device: Device | undefined; readonly far: Far | undefined },
): readonly [string, string] {
  const port = device?.port ?? FLANNEL_PORT;
  if (lossAt === 'between-zones' && far !== undefined)
    return [
      `ping -c 8 ${far.tunnelIp} >/dev/null & timeout 10 tcpdump -c 1 -ni any udp port ${port} and src host ${far.underlayIp}`,
      `Does a packet of ${far.node}, in another zone, arrive? If none does, a network ACL, route table or firewall between the subnets drops UDP to port ${port}.`,
    ];
  switch (loss) {
    case undefined:
      return allLostLook(lossAt, port);
    case 'large-packets':
      return [
        'ip -o link show',
        "Is the MTU of the host's own interface at least 50 bytes above that of the VXLAN device (70 where the underlay is IPv6)? If so, something between the hosts carries less.",
      ];
    case 'connections':
      return [
        `ethtool -k ${device?.name ?? 'flannel.1'} | grep tx-checksum-ip-generic`,
        'Does the network card sum up checksums (on)?',
      ];
  }
}

function allLostLook(lossAt: Finding['lossAt'], port: number): readonly [string, string] {
  const owner = `ss -Hulpn 'sport = :${port}'`;
  const rules = `{ nft list ruleset; iptables-save; } 2>/dev/null | grep -inwE '${port}|drop|reject'`;
  const takes =
    "Does a process have the port of VXLAN (a line without users: is the kernel's own), or";
  switch (lossAt) {
    case 'outgoing':
      return [rules, 'Which rule or default of this host drops the packets that go out?'];
    case 'incoming':
      return [
        `${owner}; ${rules}`,
        `${takes} does a rule or a default of this host drop what comes in? If neither, let UDP to port ${port} in from all nodes: the security group of its instance, a network ACL.`,
      ];
    case 'everywhere':
      return [
        `${owner}; ${rules}`,
        `What was changed on all nodes then? ${takes} does a rule or a default of this host drop packets? If neither, look at what their instances share: a security group, a policy, an image.`,
      ];
    case 'between-zones':
    case undefined:
      return [
        `${owner}; ${rules}`,
        `${takes} does a rule or a default of this host drop packets? If neither, look at the security group of its instance.`,
      ];
  }
}

/** A node of another zone, which a node does not reach. */
interface Far {
  readonly node: string;
  readonly tunnelIp: string;
  readonly underlayIp: string;
}

function farFrom(finding: Finding, members: ReadonlyMap<string, Member>): Far | undefined {
  const [state] = conditionsIn(finding);
  const zone = members.get(state?.subject ?? '')?.listed?.zone;
  const node = (state?.beside ?? []).find((one) => members.get(one)?.listed?.zone !== zone);
  const devices = members.get(node ?? '')?.observed?.tables.devices ?? [];
  const device = devices.find(({ name }) => isOverlayDevice(name));
  const [tunnelIp] = device?.addresses[0]?.split('/') ?? [];
  const underlayIp = device?.local;
  if (node === undefined || tunnelIp === undefined || underlayIp === undefined) return undefined;
  return { node, tunnelIp, underlayIp };
}

/** How many masters are asked what they list. */
const MASTERS_ASKED = 5;

/** `kubectlOn`: a master whose API answers, where another's does not. */
type Look = (
  finding: Finding,
  members: ReadonlyMap<string, Member>,
  kubectlOn: string | undefined,
) => readonly Fix[];

/** On how many hosts of a group somebody is asked to look. */
const LOOKED_AT = 3;

/** How many of the nodes that claim one thing are looked at. */
const CLAIMANTS = 8;

function claimantsIn(finding: Finding): readonly string[] {
  const beside = conditionsIn(finding).flatMap((state) => state.beside ?? []);
  return [...new Set([...accusedIn(finding), ...beside])].filter(isNodeName).slice(0, CLAIMANTS);
}

function lookOnClaimants(finding: Finding, command: string, condition: string): readonly Fix[] {
  const hosts = [...claimantsIn(finding)];
  return hosts.length === 0
    ? []
    : [{ kind: 'look', hosts, runs: 'on-hosts', commands: [command], condition }];
}

/** What distinguishes the steps that follow it, or shows what to call for, where nobody knows who is wrong. */
export const LOOKS: Readonly<Record<Extract<FixStep, { kind: 'look' }>['at'], Look>> = {
  nodes: ({ observers }, members) => {
    const listed = [...members.values()].filter((member) => member.listed !== undefined).length;
    const all = listed === 0 ? members.size : listed;
    return observers
      .filter((node) => members.get(node)?.observed?.host.kubeconfig !== undefined)
      .toSorted()
      .slice(0, MASTERS_ASKED)
      .map((node) => ({
        kind: 'look',
        hosts: [node],
        runs: 'on-hosts',
        commands: [`${kubectlAt(members.get(node))} get nodes -o name | wc -l`],
        condition: `Does ${node} list all ${all} nodes? This prints how many it lists.`,
      }));
  },
  routes: (finding) =>
    lookOn(finding, 'ip route show', 'Does anything on that host need the network or route?'),
  addresses: (finding) =>
    lookOn(
      finding,
      'ip -o addr show',
      'Has the bridge of the pods another address than the pod CIDR?',
    ),
  mtus: (finding) =>
    lookOn(
      finding,
      'ip -o link show',
      "Does the host's own interface have the same MTU as on the other hosts?",
    ),
  apis: (_finding, members, kubectlOn) => [
    {
      kind: 'look',
      hosts: [],
      runs: 'anywhere',
      commands: [
        `${kubectlOn === undefined ? 'kubectl' : kubectlAt(members.get(kubectlOn))} get apiservices`,
      ],
      condition: 'Is an API there not AVAILABLE? Then look for the pods of its SERVICE.',
      ...(kubectlOn === undefined ? {} : { kubectlOn }),
    },
  ],
  listeners: (finding) => {
    const hosts = accusedIn(finding).filter(isNodeName).toSorted().slice(0, LOOKED_AT);
    return hosts.length === 0
      ? []
      : [
          {
            kind: 'look',
            hosts,
            runs: 'on-hosts',
            commands: ["ss -ltnp | grep -E 'kube-apiserver|k3s'"],
            condition:
              'Does an API server listen there? If no line comes, none runs: the runbook says how to find out why.',
          },
        ];
  },
  'pod-cidrs': (finding, members, kubectlOn) => [
    {
      kind: 'look',
      hosts: [...claimantsIn(finding)],
      runs: 'anywhere',
      commands: [
        `${kubectlOn === undefined ? 'kubectl' : kubectlAt(members.get(kubectlOn))} get nodes -o custom-columns=NAME:.metadata.name,CREATED:.metadata.creationTimestamp,CIDR:.spec.podCIDR`,
      ],
      condition: `Which of ${enumerate(claimantsIn(finding), CLAIMANTS)} is newer? That one needs a pod CIDR of its own.`,
      ...(kubectlOn === undefined ? {} : { kubectlOn }),
    },
  ],
  'own-pod-cidr': (finding, members) => {
    const [node] = finding.isUndecided === true ? accusedIn(finding).filter(isNodeName) : [];
    if (node === undefined) return [];
    const devices = members.get(node)?.observed?.tables.devices ?? [];
    const device = devices.find(({ name }) => isOverlayDevice(name))?.name;
    return [
      {
        kind: 'look',
        hosts: [node],
        runs: 'anywhere',
        commands: [`kubectl get --raw /api/v1/nodes/${node} | grep -o '"podCIDRs":[^]]*'`],
        condition: `Does its pod CIDR give the tunnel IP of ${device ?? 'its device'}? If so, restart flannel on the other nodes. If not, restart it on ${node}.`,
      },
    ];
  },
  'machine-ids': (finding) =>
    lookOnClaimants(
      finding,
      'cat /etc/machine-id',
      'Are these the same? Then they are clones: see the runbook, or the address comes back.',
    ),
  underlays: (finding) =>
    lookOnClaimants(
      finding,
      'ip -o addr show scope global',
      "Which address of each do the other nodes reach? flannel's --iface, or public-ip-overwrite, must choose that one.",
    ),
  packets: (finding, members) => {
    const [node] = accusedIn(finding);
    const device = members
      .get(node ?? '')
      ?.observed?.tables.devices?.find(({ name }) => isOverlayDevice(name));
    return lookOn(finding, ...lossLook(finding, { device, far: farFrom(finding, members) }));
  },
  macs: (finding, members) =>
    accusedIn(finding)
      .filter(isNodeName)
      .flatMap((node): readonly Fix[] => {
        const devices = members.get(node)?.observed?.tables.devices ?? [];
        const device = devices.find(({ name }) => isOverlayDevice(name))?.name;
        const shouldBe: Fix = {
          kind: 'look',
          hosts: [node],
          runs: 'anywhere',
          ...(isCalicoDevice(device ?? finding.cells[0]?.entries[0]?.wanted.device ?? '')
            ? macOfCalico(node, deviceFamily(device ?? ''))
            : {
                commands: [`kubectl get --raw /api/v1/nodes/${node} | grep -o 'VtepMAC[^}]*'`],
                condition: 'Which MAC address does its annotation have?',
              }),
        };
        return device === undefined
          ? [shouldBe]
          : [
              {
                kind: 'look',
                hosts: [node],
                runs: 'on-hosts',
                commands: [`ip -o link show dev ${device}`],
                condition: 'Which MAC address does the device have?',
              },
              shouldBe,
            ];
      }),
};

/**
 * Calico writes a MAC address into the annotation only where it was set; else each node derives it from
 * the name (felix/calc/vxlan_resolver.go, vtepMACForHost): 66 and five bytes of its SHA-1.
 */
function macOfCalico(node: string, family: Family): Pick<Fix, 'commands' | 'condition'> {
  const [annotation, name] =
    family === 'ipv4' ? ['VXLANTunnelMACAddr', node] : ['VXLANTunnelMACAddrV6', `${node}-v6`];
  return {
    commands: [
      `kubectl get --raw /api/v1/nodes/${node} | grep -o '${annotation}":"[^"]*'`,
      `printf %s ${name} | sha1sum | sed 's/^\\(..\\)\\(..\\)\\(..\\)\\(..\\)\\(..\\).*/66:\\1:\\2:\\3:\\4:\\5/'`,
    ],
    condition:
      'Which MAC address should it have? That of the first line, its annotation; where that prints nothing, that of the second, which Calico derives from the name.',
  };
}
