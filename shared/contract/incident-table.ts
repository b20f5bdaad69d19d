/**
 * The DynamoDB table: keys `pk` and `sk`, both strings, and `ttl` (epoch seconds). Each cluster has a
 * partition of its own.
 */
export const TABLE_KEYS = { partition: 'pk', sort: 'sk', ttl: 'ttl' } as const;

export const partitionOf = (cluster: string): string => `CLUSTER#${cluster}`;

/** Sort keys within a cluster's partition. */
export const ITEMS = {
  /** The run that has the lease, and the last tick that ran. */
  lease: 'LEASE',
  /** Incidents and the outbox of pages: one item, so that one conditional write saves both. */
  state: 'STATE',
  /** Each node's last known VTEP, and the latency command under way; behind `#` the parts of a large roster. */
  roster: 'ROSTER',
  /** The remembered node list: a head, and behind `#` its parts. */
  nodes: 'NODES',
} as const;

/** How many unreadable items of one kind are kept: the first ones, and the newest. */
const UNREADABLE_ITEMS = 5;

/** Where items are kept that no run of this version can read: garbage, or written by another version. */
export const unreadableItems = (item: string): readonly string[] =>
  Array.from(
    { length: UNREADABLE_ITEMS },
    (_, at) => `${item}#UNREADABLE${at === 0 ? '' : `#${at + 1}`}`,
  );

/** How long it is kept there. */
export const UNREADABLE_DAYS = 90;
