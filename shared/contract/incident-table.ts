/**
 * The DynamoDB table: keys `pk` and `sk`, both strings, and `ttl` (epoch seconds). One partition a
 * cluster, so that no cluster's trouble reaches another's.
 */
export const TABLE_KEYS = { partition: 'pk', sort: 'sk', ttl: 'ttl' } as const;

export const partitionOf = (cluster: string): string => `CLUSTER#${cluster}`;

/** Sort keys within a cluster's partition. */
export const ITEMS = {
  /** Who runs now, and the last tick that ran. */
  lease: 'LEASE',
  /** Incidents and the outbox of pages: one item, so that one conditional write holds both. */
  state: 'STATE',
  /** Each node's last known VTEP, and the latency command under way. */
  roster: 'ROSTER',
} as const;
