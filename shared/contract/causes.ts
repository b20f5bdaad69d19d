/**
 * The smallest cover of the bad cells of the observer × subject matrix. `group`: three subjects or more,
 * or three observers or more, with one cause.
 */
export const SCOPES = ['pair', 'subject', 'observer', 'group', 'cluster'] as const;

export type Scope = (typeof SCOPES)[number];

/**
 * `critical` when a node is cut off from half of its checked nodes or more, `warning` below;
 * `info` never pages.
 */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** One of the three tables in which an observer must know a subject. */
export const TABLES = ['neighbour', 'fdb', 'route'] as const;

export type Table = (typeof TABLES)[number];

/** What everybody who reads a cause may rely on. */
interface CauseTraits {
  /** The scopes that an incident of this cause can have. */
  readonly scopes: readonly Scope[];
  /** The worst severity that it can reach. */
  readonly severity: Severity;
  /**
   * Whether it wakes anybody. A fault that still works is reported, and pages nobody. `critical`: a state that
   * pages only once other nodes have lost the node because of it.
   */
  readonly pages: boolean | 'critical';
}

/** A cell of the matrix, alone or with others in a column, in a part of a row or everywhere. */
const CELL = SCOPES;
/** A state of a node itself; on most of the nodes it is the cluster's fault. */
const NODE = ['subject', 'group', 'cluster'] as const;
/** A host that lost what it held of all others; on most of the nodes it is the cluster's fault. */
const ROW = ['observer', 'group', 'cluster'] as const;

/**
 * The closed list of what can be wrong, one line for each cause. The identifiers are interface:
 * metrics, events, pages, `--json` and the runbook use exactly these words. The order is precedence:
 * where a fault fits several causes, the first one names it.
 *
 * What a cause looks like in the tables, and what it means to people, stands in
 * core/diagnose/causes.ts, one row for each.
 */
export const CAUSE_TABLE = {
  'device-missing': { scopes: ROW, severity: 'critical', pages: true },
  'device-down': { scopes: ROW, severity: 'critical', pages: true },
  'duplicate-pod-cidr': { scopes: NODE, severity: 'critical', pages: true },
  'duplicate-mac': { scopes: NODE, severity: 'critical', pages: true },
  'duplicate-underlay': { scopes: NODE, severity: 'critical', pages: true },
  'tunnel-ip-drift': { scopes: NODE, severity: 'critical', pages: true },
  'vxlan-mismatch': { scopes: NODE, severity: 'critical', pages: true },
  overlap: { scopes: NODE, severity: 'critical', pages: true },
  'mac-drift': { scopes: CELL, severity: 'critical', pages: true },
  partition: { scopes: ['cluster'], severity: 'critical', pages: true },
  'tables-empty': { scopes: ROW, severity: 'critical', pages: true },
  'neighbours-and-routes-lost': { scopes: ROW, severity: 'critical', pages: true },
  'neighbours-flushed': { scopes: ROW, severity: 'critical', pages: true },
  'stale-mac': { scopes: CELL, severity: 'critical', pages: true },
  'mac-mismatch': { scopes: CELL, severity: 'critical', pages: true },
  'underlay-moved': { scopes: CELL, severity: 'critical', pages: true },
  'never-programmed': { scopes: CELL, severity: 'critical', pages: true },
  'entries-missing': { scopes: CELL, severity: 'critical', pages: true },
  'neighbour-missing': { scopes: CELL, severity: 'critical', pages: true },
  'fdb-missing': { scopes: CELL, severity: 'critical', pages: true },
  'route-missing': { scopes: CELL, severity: 'critical', pages: true },
  'direct-route-missing': { scopes: CELL, severity: 'critical', pages: true },
  'overlay-blackhole': { scopes: NODE, severity: 'critical', pages: true },
  'neighbour-not-permanent': { scopes: CELL, severity: 'warning', pages: false },
  'ghost-entry': { scopes: NODE, severity: 'warning', pages: false },
  'bridge-mismatch': { scopes: NODE, severity: 'warning', pages: false },
  'annotation-missing': { scopes: NODE, severity: 'critical', pages: 'critical' },
  'mtu-mismatch': { scopes: NODE, severity: 'warning', pages: false },
  'control-plane-unreachable': { scopes: NODE, severity: 'critical', pages: true },
  'slow-control-plane': { scopes: NODE, severity: 'warning', pages: true },
} as const satisfies Readonly<Record<string, CauseTraits>>;

export type Cause = keyof typeof CAUSE_TABLE;

/** Whether a fault of this cause and severity wakes anybody. */
export function wakes({
  cause,
  severity,
}: {
  readonly cause: Cause;
  readonly severity: Severity;
}): boolean {
  const { pages }: CauseTraits = CAUSE_TABLE[cause];
  return pages === 'critical' ? severity === 'critical' : pages;
}

/** Every cause, in the order of the table. */
export const CAUSES: readonly Cause[] = Object.keys(CAUSE_TABLE).filter(isCause);

function isCause(text: string): text is Cause {
  return Object.hasOwn(CAUSE_TABLE, text);
}

/** Where the runbook speaks of a cause: the heading of its section is the cause's identifier. */
export function runbookAnchorOf(cause: Cause): string {
  return cause;
}
