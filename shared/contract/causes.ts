/**
 * The closed list of what can be wrong. These identifiers are interface: metrics, events, pages,
 * `--json` and the runbook use exactly these words.
 */
export const CAUSES = [
  'device-missing',
  'mac-drift',
  'partition',
  'tables-empty',
  'neighbours-and-routes-lost',
  'neighbours-flushed',
  'stale-mac',
  'mac-mismatch',
  'underlay-moved',
  'never-programmed',
  'entries-missing',
  'neighbour-missing',
  'fdb-missing',
  'route-missing',
  'neighbour-not-permanent',
] as const;

export type Cause = (typeof CAUSES)[number];

/** The smallest cover of the bad cells of the observer × subject matrix. */
export const SCOPES = ['pair', 'subject', 'observer', 'cluster'] as const;

export type Scope = (typeof SCOPES)[number];

/** `critical` when a node is cut off from half of its judged peers or more; `info` never pages. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** One of the three tables in which an observer must know a subject. */
export const TABLES = ['neighbour', 'fdb', 'route'] as const;

export type Table = (typeof TABLES)[number];
