import type { Machine } from './machine.ts';

/**
 * The CNI configuration that canal installs on every node, as far as it names its plugins: by it
 * one sees from outside which product programs the overlay.
 */
const CANAL_CONFLIST = {
  name: 'k8s-pod-network',
  cniVersion: '0.3.1',
  plugins: [
    {
      type: 'calico',
      datastore_type: 'kubernetes',
      ipam: { type: 'host-local', subnet: 'usePodCidr' },
      policy: { type: 'k8s' },
    },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ],
};

/** Puts onto a machine the files by which it is known as a node of a canal cluster. */
export async function furnish(machine: Machine): Promise<void> {
  await machine.write(
    '/etc/cni/net.d/10-canal.conflist',
    `${JSON.stringify(CANAL_CONFLIST, undefined, 2)}\n`,
  );
  if (machine.master) await machine.write('/etc/kubernetes/pki/.keep', '');
}
