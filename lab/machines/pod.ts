import { carryOutBatch } from './carry-out.ts';
import type { Machine } from './machine.ts';

/** The bridge that the CNI plugins give a node's pods. */
const POD_DEVICE = 'cni0';

/**
 * Gives a machine a pod's address, on which its programs may listen.
 *
 * The pod has no namespace of its own: its address stands on the node's bridge, behind the node's
 * `flannel.1` all the same. Whoever calls it from another node has that node's tunnel IP as its
 * source, so question and answer both cross the overlay.
 */
export async function addPod(machine: Machine, podIp: string): Promise<void> {
  const gateway = machine.tunnelIp.replace(/\.\d+$/, '.1');
  const found = await machine.run(['ip', 'link', 'show', 'dev', POD_DEVICE]);
  const bridge = [
    `link add ${POD_DEVICE} address ${bridgeMac(gateway)} type bridge`,
    `addr replace ${gateway}/24 dev ${POD_DEVICE}`,
    `link set ${POD_DEVICE} up`,
  ];
  await carryOutBatch(machine, 'ip', [
    ...(found.exit === 0 ? [] : bridge),
    `addr replace ${podIp}/32 dev ${POD_DEVICE}`,
  ]);
}

/** As the CNI bridge plugin forms it: 0a:58 and the address. */
function bridgeMac(ip: string): string {
  const bytes = ip.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}
