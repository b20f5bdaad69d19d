import type { CauseRule } from '../cause-rule.ts';

/**
 * The permanent neighbour entry is gone; whatever else was read of it is right. flannel leaves exactly this
 * behind when adding the FDB entry fails and it takes the neighbour entry back (device.go, AddFDB;
 * vxlan_network.go, handleSubnetEvents), and it never puts it right by itself. Whether the kernel
 * shows nothing, INCOMPLETE or FAILED depends on traffic alone.
 */
export const neighbourMissing: CauseRule = {
  cause: 'neighbour-missing',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'lost', fdb: 'held', route: 'held' }] },
  pages: true,
  says: ({ subject, observers }) =>
    `The permanent neighbour entry for ${subject} is gone from ${observers}; whatever else was read of it is right.`,
  effect: ({ subject, observers }) =>
    `Answers to ${subject} from ${observers} are lost: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
