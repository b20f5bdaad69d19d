import type { Member } from '../members/member.ts';
import { familyOf } from '../overlay/addresses.ts';

/** Admin kubeconfigs where each distribution puts them, and kubectl there. No other path gets into a command. */
const PLACES: readonly {
  readonly kubeconfig: string;
  readonly program: string;
  /** It names the load balancer, behind which any master may answer. */
  readonly isBalanced: boolean;
}[] = [
  { kubeconfig: '/etc/kubernetes/admin.conf', program: 'kubectl', isBalanced: true },
  { kubeconfig: '/etc/kubernetes/super-admin.conf', program: 'kubectl', isBalanced: true },
  {
    kubeconfig: '/etc/rancher/rke2/rke2.yaml',
    program: '/var/lib/rancher/rke2/bin/kubectl',
    isBalanced: false,
  },
  { kubeconfig: '/etc/rancher/k3s/k3s.yaml', program: 'kubectl', isBalanced: false },
];

/** kubectl as root types it on a master, so that the master's own API server answers. */
export function kubectlAt(master: Member | undefined): string {
  const place = PLACES.find(({ kubeconfig }) => kubeconfig === master?.observed?.host.kubeconfig);
  if (place === undefined) return 'kubectl';
  const [address] = master?.listed?.internalIps ?? [];
  const host = address === undefined || familyOf(address) === 'ipv4' ? address : `[${address}]`;
  const server = place.isBalanced && host !== undefined ? ` --server https://${host}:6443` : '';
  return `${place.program} --kubeconfig ${place.kubeconfig}${server}`;
}
