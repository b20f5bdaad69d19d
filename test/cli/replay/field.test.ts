import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderReport } from '../../../cli/render/report.ts';
import type { Cause } from '../../../shared/contract/causes.ts';
import { FIELD, replayed } from './replayed.ts';

/** What a capture of a kind that people report shows. */
interface Expected {
  readonly verdict: 'healthy' | 'incident' | 'unjudged';
  /** Each as `cause subject: observers`. */
  readonly incidents: readonly `${Cause}${string}`[];
  /** The first line of the report, as far as it must say this. */
  readonly firstLine?: RegExp;
  /** Every command of the first incident, in its order. */
  readonly fix?: readonly string[];
  /** Problems of which there must be one each. */
  readonly reported?: readonly RegExp[];
}

/** What was read contradicts itself: no finding yet names it, and it is never healthy. */
const CONTRADICTED = { verdict: 'unjudged', incidents: [] } as const;

const HEALTHY = { verdict: 'healthy', incidents: [] } as const;

const CAPTURES: Readonly<Record<string, Expected>> = {
  'route-n-healthy': HEALTHY,
  'arp-n-healthy': HEALTHY,
  'upper-case-host-name': HEALTHY,
  'prompt-lines-in-the-paste': {
    ...HEALTHY,
    reported: [/^host1\/ip-neigh.txt: lines with the prompt of a shell, passed over: 1$/],
  },
  'paste-cut-in-the-last-line': {
    ...HEALTHY,
    reported: [
      /^host2\/ip-neigh.txt: .* a line that was cut: "10\.1\.4\.0 dev flannel\.1 lladdr ee:"$/,
    ],
  },
  'ifconfig-for-links': {
    ...HEALTHY,
    reported: [/^host1\/ip-link.txt: the output of ifconfig .*: capture ip -d -o link$/],
  },
  'routes-differ-routes-only': {
    verdict: 'unjudged',
    incidents: [],
    reported: [/^c: 0 of 2 pairs of nodes could be checked$/],
  },
  'wireguard-native': {
    verdict: 'unjudged',
    incidents: [],
    reported: [
      /^c: no VXLAN overlay was found on these hosts; they have flannel-wg; node annotations say wireguard$/,
    ],
  },
  'cilium-with-flannels-annotations': {
    verdict: 'unjudged',
    incidents: [],
    reported: [/^c: no VXLAN overlay was found on these hosts; they have cilium_vxlan$/],
  },
  'fdb-of-no-machine-multiline': {
    verdict: 'incident',
    incidents: [
      'mac-mismatch server.localdomain: agent.localdomain',
      'mac-mismatch agent.localdomain: server.localdomain',
    ],
  },
  'calico-cross-subnet': HEALTHY,
  'calico-node-without-a-block': HEALTHY,
  'etcd-backed-flannel-other-pod-cidrs': HEALTHY,
  'dhcpcd-took-the-device': { verdict: 'incident', incidents: ['tables-empty -: k3os1'] },
  'device-down-noop': { verdict: 'incident', incidents: ['device-down -: ip-10-1-2-5'] },
  'same-pod-cidr-on-all': {
    verdict: 'incident',
    incidents: ['duplicate-pod-cidr -: test-vm4, test-vm5, test-vm6'],
    fix: [
      'kubectl get nodes -o custom-columns=NAME:.metadata.name,CREATED:.metadata.creationTimestamp,CIDR:.spec.podCIDR',
    ],
  },
  'ghost-route-over-own-pods': {
    verdict: 'incident',
    incidents: ['ghost-entry kubeadm-3: '],
    fix: ['ip route del 10.244.3.0/24 dev flannel.1'],
  },
  'calico-device-missing-on-one-no-list': {
    ...CONTRADICTED,
    firstLine:
      /k8s-n3 has no VXLAN device, but k8s-n1, k8s-n2 and k8s-n4 send packets to it .*; not checked: k8s-n3 /,
  },
  'calico-slash-31-address-minus-one': {
    verdict: 'incident',
    incidents: ['underlay-moved -: dc1, dc2, dc3, dc4'],
  },
  'vni-changed-on-two-of-three': {
    verdict: 'incident',
    incidents: ['vxlan-mismatch rke-2: '],
  },
  'mtu-of-one-node-differs': { verdict: 'incident', incidents: ['mtu-mismatch gpu-3: '] },
  'same-vtep-mac-cloned-vms': {
    verdict: 'incident',
    incidents: ['duplicate-mac kvm-2: kvm-0, kvm-1, kvm-3'],
    // The nodes are of one age: nothing shows which of the two is the clone.
    fix: ['cat /etc/machine-id'],
  },
  'all-nodes-10.0.2.15': {
    verdict: 'incident',
    incidents: ['duplicate-underlay -: kube1, kube2, kube3'],
    fix: ['ip -o addr show scope global'],
  },
  'annotation-is-an-old-address': {
    verdict: 'incident',
    incidents: ['underlay-moved edge-1: edge-0, edge-2, edge-3'],
    fix: [
      'kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=edge-1',
      'kubectl -n kube-flannel delete pod -l app=flannel --timeout=60s --field-selector spec.nodeName=edge-1',
      'kubectl -n kube-system delete pod -l k8s-app=flannel --timeout=60s --field-selector spec.nodeName=edge-1',
      'systemctl restart k3s-agent',
    ],
  },
  // The state names the loss: the page says to restart flannel on rancher-3.
  'annotations-missing-on-one': {
    verdict: 'incident',
    incidents: ['annotation-missing rancher-3: rancher-0, rancher-1, rancher-2'],
  },
  'node-got-another-pod-cidr': {
    verdict: 'incident',
    incidents: ['tunnel-ip-drift reb-3: reb-0, reb-1, reb-2'],
  },
  'directrouting-one-direct-route-lost': {
    verdict: 'incident',
    incidents: ['direct-route-missing mix-1: mix-0'],
    fix: [
      'case $(ip addr show dev flannel.1 2>/dev/null) in *[!0-9a-f.:]10.50.1.0/*|*62:50:00:00:00:01*) ;; */32*) ip route replace 10.50.1.0/24 via 10.60.1.11 ;; esac',
      'kubectl -n kube-system delete pod -l k8s-app=canal --timeout=60s --field-selector spec.nodeName=mix-0',
      'kubectl -n kube-flannel delete pod -l app=flannel --timeout=60s --field-selector spec.nodeName=mix-0',
      'kubectl -n kube-system delete pod -l k8s-app=flannel --timeout=60s --field-selector spec.nodeName=mix-0',
      'systemctl restart k3s-agent',
    ],
  },
};

describe('captures of the kinds that people report', () => {
  test.for(Object.entries(CAPTURES))('%s', async ([name, expected]) => {
    const { verdict, incidents, firstLine = /^/, fix, reported = [] } = expected;
    const report = await replayed(path.join(FIELD, name));
    const found = report.incidents.map(
      ({ cause, subject, observers }) => `${cause} ${subject ?? '-'}: ${observers.join(', ')}`,
    );
    expect(found.toSorted()).toEqual(incidents.toSorted());
    expect(report.verdict).toBe(verdict);
    expect(renderReport(report).split('\n')[0]).toMatch(firstLine);
    const [first] = report.incidents;
    const commands = first?.fix.flatMap((step) => step.commands);
    expect(commands).toEqual(fix ?? commands);
    const problems = report.problems.map(({ where, message }) => `${where}: ${message}`);
    for (const sentence of reported)
      expect(problems).toContainEqual(expect.stringMatching(sentence));
  });
});
