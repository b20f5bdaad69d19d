import { type CauseRule, TABLE_NAMES } from '../cause-rule.ts';

/**
 * Two of the three entries are gone. A route that could not be set, for one, makes flannel take back
 * neighbour and FDB entry (vxlan_network.go, handleSubnetEvents).
 */
export const entriesMissing: CauseRule = {
  cause: 'entries-missing',
  recognise: {
    kind: 'cell',
    signatures: [
      { neighbour: 'lost', fdb: 'lost', route: 'held' },
      { neighbour: 'lost', fdb: 'held', route: 'lost' },
      { neighbour: 'held', fdb: 'lost', route: 'lost' },
    ],
  },
  pages: true,
  says: ({ subject, observers, tables }) =>
    `The ${tables.map((table) => TABLE_NAMES[table]).join(' and ')} entries for ${subject} are gone from ${observers}.`,
  effect: ({ subject, observers }) =>
    `Answers to ${subject} from ${observers} are lost: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
