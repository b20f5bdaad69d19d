/** What the instances print of k3s and of themselves. */

import type { HostFacts, HostOutput } from './evidence.ts';

/** On the server: the nodes, one a line. A host that still installs k3s has no such program. */
export const SHOW_NODES: readonly string[] = [
  'PATH=$PATH:/usr/local/bin',
  'k3s kubectl get nodes --no-headers',
];

/** How many nodes are Ready, in what the server printed. */
export function readyNodes({ exit, output }: HostOutput): number {
  if (exit !== 0) return 0;
  return output.filter((line) => /^\S+\s+Ready\b/.test(line)).length;
}

const PARTS = ['os', 'kernel', 'iproute2', 'agent', 'k3s', 'flannel'] as const;

/** Go programs carry the versions of what they were built from; k3s has flannel built in. */
export const SHOW_VERSIONS: readonly string[] = [
  'PATH=$PATH:/usr/sbin:/usr/local/bin',
  'echo "os $(. /etc/os-release && echo "$PRETTY_NAME")"',
  'echo "kernel $(uname -r)"',
  'echo "iproute2 $(ip -V)"',
  'echo "agent $(amazon-ssm-agent -version 2>/dev/null)"',
  'echo "k3s $(k3s --version 2>/dev/null | head -n 1)"',
  String.raw`echo "flannel $(grep -aom1 'github.com/flannel-io/flannel[[:space:]]v[0-9A-Za-z.+-]*' /var/lib/rancher/k3s/data/current/bin/k3s 2>/dev/null | head -n 1 | tr '\t' ' ')"`,
  'exit 0',
];

const VERSION_LENGTH = 120;

export function factsOf({ host, output }: HostOutput): HostFacts {
  const versions = PARTS.map((part) => {
    const line = output.find((one) => one.startsWith(`${part} `)) ?? '';
    const value = line.slice(part.length).trim().slice(0, VERSION_LENGTH);
    return [part, value === '' ? 'not known' : value] as const;
  });
  return { host, versions: Object.fromEntries(versions) };
}

/** Where an instance did not become a node, this has the reason. */
export const SHOW_LOG: readonly string[] = ['tail -c 2000 /var/log/cloud-init-output.log'];
