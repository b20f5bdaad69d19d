import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isNodeName,
  parseDaemonSets,
  parseKubectlNodes,
  parseNodes,
} from '../../../../shared/core/parse/kubernetes.ts';

describe('parseNodes', () => {
  test('a node with all that flannel says of it', () => {
    const list = {
      items: [
        {
          metadata: {
            name: 'node1',
            uid: '0c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11',
            labels: {
              'node-role.kubernetes.io/control-plane': '',
              'topology.kubernetes.io/zone': 'eu-west-1a',
            },
            creationTimestamp: '2026-11-23T09:00:00Z',
            annotations: {
              'flannel.alpha.coreos.com/backend-type': 'vxlan',
              'flannel.alpha.coreos.com/backend-data': '{"VNI":1,"VtepMAC":"32:A3:2f:8e:fb:2f"}',
              'flannel.alpha.coreos.com/public-ip': '192.168.1.143',
              'flannel.alpha.coreos.com/public-ip-overwrite': '203.0.113.3',
              'projectcalico.org/IPv4Address': '192.168.1.143/24',
              'projectcalico.org/IPv4VXLANTunnelAddr': '10.68.3.0',
              'flannel.alpha.coreos.com/backend-v6-data': '{"VNI":1,"VtepMAC":"66:a3:2f:8e:fb:2f"}',
              'flannel.alpha.coreos.com/public-ipv6': 'FD00:50::3',
            },
          },
          spec: {
            podCIDR: '10.68.3.0/24',
            podCIDRs: ['10.68.3.0/24', '2001:db8:3::/64'],
            providerID: 'aws:///eu-west-1a/i-0123456789abcdef0',
            unschedulable: true,
          },
          status: {
            addresses: [
              { type: 'InternalIP', address: '192.168.1.143' },
              { type: 'Hostname', address: 'node1' },
              { type: 'ExternalIP', address: '203.0.113.3' },
            ],
          },
        },
      ],
    };
    expect(parseNodes('nodes', list)).toEqual({
      problems: [],
      value: [
        {
          name: 'node1',
          uid: '0c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11',
          instanceId: 'i-0123456789abcdef0',
          backend: 'vxlan',
          calico: [{ family: 'ipv4', tunnelIp: '10.68.3.0', address: '192.168.1.143/24' }],
          isControlPlane: true,
          zone: 'eu-west-1a',
          isUnschedulable: true,
          createdAt: 1_795_424_400_000,
          internalIps: ['192.168.1.143'],
          podCidrs: ['10.68.3.0/24', '2001:db8:3::/64'],
          annotated: [
            {
              family: 'ipv4',
              mac: '32:a3:2f:8e:fb:2f',
              publicIp: '192.168.1.143',
              overwrite: '203.0.113.3',
            },
            { family: 'ipv6', mac: '66:a3:2f:8e:fb:2f', publicIp: 'fd00:50::3' },
          ],
        },
      ],
    });
  });

  test.for([
    ['{"VNI":1,"VtepMAC":"8a:11:11:11:11:02"}', '8a:11:11:11:11:02', 'since 0.13.1'],
    ['{"VtepMAC":"8a:11:11:11:11:02"}', '8a:11:11:11:11:02', 'before it'],
    ['{"VNI":1, "VtepMAC": "8a:11:11:11:11:02"}', '8a:11:11:11:11:02', 'touched by a person'],
    ['null', undefined, 'of another backend'],
    ['{"VtepMAC":"garbage"}', undefined, 'damaged'],
  ] as const)('backend-data %s holds the MAC %s (%s)', ([data, mac]) => {
    const list = annotated({
      'backend-type': 'vxlan',
      'backend-data': data,
      'public-ip': '10.0.0.1',
    });
    expect(parseNodes('nodes', list).value[0]?.annotated[0]?.mac).toBe(mac);
  });

  test.for(['host-gw', 'wireguard', 'udp'])('a node of the backend %s has no VTEP', (backend) => {
    const list = annotated({ 'backend-type': backend, 'public-ip': '10.0.0.1' });
    expect(parseNodes('nodes', list).value[0]?.annotated).toEqual([]);
  });

  test('one pod CIDR alone is read as well', () => {
    const { value } = parseNodes('nodes', node({ spec: { podCIDR: '10.68.3.0/24' } }));
    expect(value[0]?.podCidrs).toEqual(['10.68.3.0/24']);
  });

  test.for([[undefined], [null], ['nodes'], [{}], [{ items: 'many' }], [[]]])(
    '%j is no list of nodes',
    ([list]) => {
      expect(parseNodes('nodes.json', list)).toEqual({
        value: [],
        problems: [{ where: 'nodes.json', message: 'not a list of nodes: it has no items' }],
      });
    },
  );

  test('a name that Kubernetes would not take is a problem and no node', () => {
    const { value, problems } = parseNodes('nodes', node({ metadata: { name: 'a;reboot' } }));
    expect(value).toEqual([]);
    expect(problems).toEqual([{ where: 'nodes', message: 'not a node\'s name: "a;reboot"' }]);
  });

  test('whatever JSON is fed in, nothing is thrown', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const list = { items: [value, { metadata: value, spec: value, status: value }] };
        expect(parseNodes('nodes', list).value).toEqual([]);
        expect(parseDaemonSets('here', list).value).toEqual([]);
      }),
    );
  });
});

describe('parseDaemonSets', () => {
  const update = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } };

  test.for([
    [update, 'RollingUpdate', '10%'],
    [{ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 3 } }, 'RollingUpdate', '3'],
    [{ type: 'OnDelete' }, 'OnDelete', undefined],
    [undefined, 'RollingUpdate', undefined],
  ] as const)('one that is updated by %j', ([updateStrategy, strategy, maxUnavailable]) => {
    const list = { items: [daemonSet('kube-system', 'canal', updateStrategy)] };
    expect(parseDaemonSets('here', list)).toEqual({
      value: [{ namespace: 'kube-system', name: 'canal', strategy, maxUnavailable }],
      problems: [],
    });
  });

  test.for([
    ['kube-system', 'kube-proxy', 'it is not of a CNI'],
    ['tenant', 'canal', 'a tenant may name one of its own so'],
    ['kube-system', 'canal;reboot', 'its name would stand in a command'],
    ['kube-system', 'kube-flannel-ds-windows-amd64', 'its hosts are not read'],
  ] as const)('%s/%s is left out: %s', ([namespace, name]) => {
    expect(parseDaemonSets('here', { items: [daemonSet(namespace, name, update)] }).value).toEqual(
      [],
    );
  });

  test('what is no list is a problem', () => {
    expect(parseDaemonSets('here', { kind: 'Status' })).toEqual({
      value: [],
      problems: [{ where: 'here', message: 'not a list of DaemonSets: it has no items' }],
    });
  });
});

describe('parseKubectlNodes', () => {
  const TABLE = `\
NAME      STATUS                     ROLES    AGE    VERSION
master1   Ready                      <none>   100d   v1.14.8
node1     NotReady                   <none>   100d   v1.14.8
node2     Ready,SchedulingDisabled   <none>   100d   v1.14.8
`;

  test.for([
    [`${TABLE}\nreal\t0m45.0s\nuser\t0m0.1s\nsys\t0m0.0s\n`, 45],
    [`${TABLE}\nreal    1m2.5s\n`, 62.5],
    [`${TABLE}real 45.00\nuser 0.10\n`, 45],
    [TABLE, undefined],
  ] as const)('names and seconds, however the shell measures: %j', ([text, seconds]) => {
    expect(parseKubectlNodes('here', text)).toEqual({
      value: { names: ['master1', 'node1', 'node2'], seconds },
      problems: [],
    });
  });

  test('a complaint before or behind the table is no node', () => {
    const text = `E1124 couldn't get resource list\n${TABLE}command terminated with exit code 1\n`;
    expect(parseKubectlNodes('here', text).value.names).toEqual(['master1', 'node1', 'node2']);
  });

  test('what is no table and no measurement is a problem', () => {
    expect(parseKubectlNodes('here', 'Unable to connect to the server\n').problems).toEqual([
      {
        where: 'here',
        message: 'not the output of kubectl get nodes: "Unable to connect to the server"',
      },
    ]);
  });

  test('a measurement alone is enough', () => {
    expect(parseKubectlNodes('here', 'real 0m45.0s\n').value).toEqual({ names: [], seconds: 45 });
  });
});

test.for([
  ['master1', true],
  ['ip-10-0-12-34.eu-central-1.compute.internal', true],
  ['1', true],
  ['', false],
  ['-a', false],
  ['a-', false],
  ['A', false],
  ['a b', false],
  ['a/b', false],
  ['a\n', false],
  ['a'.repeat(254), false],
] as const)("whether %j is a node's name: %s", ([text, is]) => {
  expect(isNodeName(text)).toBe(is);
});

function node(changes: object): unknown {
  return {
    items: [{ metadata: { name: 'node1' }, ...changes }],
  };
}

function daemonSet(namespace: string, name: string, updateStrategy: unknown): object {
  return { metadata: { namespace, name }, spec: { updateStrategy } };
}

function annotated(annotations: Readonly<Record<string, string>>): unknown {
  return node({
    metadata: {
      name: 'node1',
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [
          `flannel.alpha.coreos.com/${key}`,
          value,
        ]),
      ),
    },
  });
}
