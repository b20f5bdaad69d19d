import * as z from 'zod/mini';
import { CAUSES, SCOPES, SEVERITIES, TABLES } from './causes.ts';

/**
 * The document that `--json` prints and that the function returns. Nodes go by their Kubernetes
 * names. Texts that came from a host are as the host sent them: escape them before you show them.
 */

/** One entry that an observer holds wrongly or not at all. */
const entrySchema = z.object({
  observer: z.string(),
  subject: z.string(),
  table: z.enum(TABLES),
  /** The overlay device that the entry belongs to, as that host names it; empty for a direct route. */
  device: z.string(),
  family: z.enum(['ipv4', 'ipv6']),
  /** As `ip` or `bridge` would print the entry that should be there. */
  expected: z.string(),
  /** As found there; empty when nothing was found. */
  found: z.string(),
});

/**
 * `look`: a command that only reads shows which of the next steps is right. `up`: the VXLAN device is set
 * up and gets its address. `entries`: what is lost is put back, entry by entry. `restart`: flannel or
 * Calico starts again and programs everything. `device`: the VXLAN device is deleted, and made again.
 * `removal`: what is in the way is removed. `mac`: the VXLAN device gets a MAC address of its own.
 * `offload`: the kernel sums up checksums. `pace`: more pods of a DaemonSet may restart at once.
 */
export const FIX_KINDS = [
  'look',
  'up',
  'entries',
  'restart',
  'device',
  'removal',
  'mac',
  'offload',
  'pace',
] as const;

export type FixKind = (typeof FIX_KINDS)[number];

/** Which packets are lost although all tables are right, where it is not all of them. */
export const LOSSES = ['large-packets', 'connections'] as const;

export type Loss = (typeof LOSSES)[number];

/**
 * Where packets are lost although all tables are right, as far as it shows. `incoming`: none of the overlay arrives at
 * the node. `outgoing`: they arrive, and none leaves it. `everywhere`: between most nodes of the cluster.
 */
export const LOSS_PLACES = ['incoming', 'outgoing', 'between-zones', 'everywhere'] as const;

export type LossPlace = (typeof LOSS_PLACES)[number];

/** What programs the entries of an overlay on each host. */
export const AGENTS = ['flannel', 'calico'] as const;

/** What shows on one host that a step has worked. */
const checkSchema = z.object({
  host: z.string(),
  command: z.string(),
  /** What the command then prints, or a part of it. */
  shows: z.string(),
});

/**
 * One step of a fix. A step without a condition is done, in the order of the list. One with a condition is
 * done only where that holds, so it may also be the other way to the same end.
 */
export const fixSchema = z.object({
  kind: z.enum(FIX_KINDS),
  /** The nodes concerned: of `restart`, those on which the overlay's agent starts again. */
  hosts: z.array(z.string()),
  /** `on-hosts`: root runs the commands on each of the hosts. `anywhere`: kubectl runs them once. */
  runs: z.enum(['on-hosts', 'anywhere']),
  /** One block for all hosts: what is right on a host already, or not for it, the command leaves alone. */
  commands: z.array(z.string()),
  /** The same on all hosts, for a shell with AWS credentials or with ssh. */
  remotely: z.optional(z.array(z.string())),
  /** When to do this; a sentence that ends in a colon. Of `look`, the question that it answers. */
  condition: z.optional(z.string()),
  /** What it interrupts, and for how long; absent where it interrupts nothing. */
  interrupts: z.optional(z.string()),
  check: z.optional(checkSchema),
  /** A master whose API answers, where another's does not: kubectl runs there. */
  kubectlOn: z.optional(z.string()),
  /** What `restart` starts again. */
  agent: z.optional(z.enum(AGENTS)),
});

/** Where the cluster's hosts are registered: what a command line of AWS needs to reach them. */
const siteSchema = z.object({
  account: z.string(),
  region: z.string(),
  /** As `VTEPWATCH_TARGETS` has them. */
  targets: z.readonly(
    z.array(z.object({ Key: z.string(), Values: z.readonly(z.array(z.string())) })),
  ),
});

export type Site = z.infer<typeof siteSchema>;

const vtepSchema = z.object({
  underlayIp: z.optional(z.string()),
  tunnelIp: z.optional(z.string()),
  mac: z.optional(z.string()),
  podCidr: z.optional(z.string()),
});

export const incidentSchema = z.object({
  /** `cluster/scope/name`: also the dedup key of every page. */
  key: z.string(),
  scope: z.enum(SCOPES),
  cause: z.enum(CAUSES),
  /** Causes that the evidence fits as well, because a table was not captured. */
  otherCauses: z.array(z.enum(CAUSES)),
  severity: z.enum(SEVERITIES),
  phase: z.enum(['suspected', 'open', 'resolved']),
  /** ISO 8601; when a run first saw the fault. */
  since: z.string(),
  /** ISO 8601; the last run before that which read the hosts that show it, where they were read before. */
  notSeenAt: z.optional(z.string()),
  /** How many times it has opened, where it has relapsed. */
  times: z.optional(z.number()),
  /** The node that its peers have lost. */
  subject: z.optional(z.string()),
  vtep: z.optional(vtepSchema),
  /** Of a group of nodes that their peers have lost: the first 20; `missingPeers` is how many they are. */
  subjects: z.optional(z.array(z.string())),
  observers: z.array(z.string()),
  checkedPeers: z.number(),
  missingPeers: z.number(),
  /** Where the overlay has both families, and the entries of only this one are wrong. */
  family: z.optional(z.enum(['ipv4', 'ipv6'])),
  /** Absent where all packets are lost, or none is. */
  loss: z.optional(z.enum(LOSSES)),
  lossAt: z.optional(z.enum(LOSS_PLACES)),
  /** Of a slow or silent API server: how long `kubectl get nodes` took last, and the median before that. */
  response: z.optional(
    z.object({
      seconds: z.number(),
      /** It had not answered when this time was over. */
      isUnanswered: z.optional(z.literal(true)),
      usualSeconds: z.optional(z.number()),
    }),
  ),
  entries: z.array(entrySchema),
  evidence: z.array(z.string()),
  /** What was restarted, booted or made in the ten minutes before it was seen. */
  changes: z.optional(z.array(z.string())),
  /** The managed-node ids of the first 50 hosts concerned. */
  instances: z.optional(z.array(z.object({ node: z.string(), id: z.string() }))),
  /** The steps that fix it, the safe one first. */
  fix: z.array(fixSchema),
});

const latencySchema = z.object({
  node: z.string(),
  /** Text for people: `kubectl get nodes`, `/readyz`, the path of an aggregated API; where nothing has
   * come of a command, all that it asks for. */
  request: z.string(),
  outcome: z.enum(['answered', 'failed', 'no-answer']),
  /** How long it took; with `no-answer`, how long nothing had come when the run looked. */
  seconds: z.number(),
  /** ISO 8601; there where an earlier run asked, and had ended before an answer came. */
  askedAt: z.optional(z.string()),
  /** First lines of standard error. */
  detail: z.string(),
});

const problemSchema = z.object({
  /** What was being read: a node's name, a managed-node id, a file, or a service. */
  where: z.string(),
  message: z.string(),
});

/** What a deployment leaves out, so that vtepwatch sees less than it could. */
const GAPS = ['hosts', 'kubernetes', 'masters', 'telemetry', 'paging'] as const;

const gapSchema = z.object({
  missing: z.enum(GAPS),
  /** What it would add, in one sentence. */
  adds: z.string(),
  /** Causes that cannot be distinguished without it. */
  causes: z.array(z.enum(CAUSES)),
});

/** The node list that a run judged by. */
const nodeListSchema = z.object({
  /**
   * `masters`: what most masters report. `kubeconfig`: what the cluster's API returned. `awaited`: none
   * has come yet, so nothing is paged. `hosts`: nobody can report one, and the hosts' own answers take
   * its place.
   */
  source: z.enum(['masters', 'kubeconfig', 'awaited', 'hosts']),
  nodes: z.number(),
  /** How long ago its oldest part was last confirmed. */
  ageSeconds: z.number(),
  /** Masters whose lists counted in this run, and those that count and did not answer. */
  voters: z.array(z.string()),
  silent: z.array(z.string()),
  /** Nodes that were not checked, because their part of the list was not known. */
  unsettled: z.array(z.string()),
});

const coverageSchema = z.object({
  /** Nodes that Kubernetes lists, and from which Systems Manager has never brought an answer. */
  outside: z.array(z.string()),
  /** Nodes whose API server is timed. */
  masters: z.array(z.string()),
  /** The channels through which pages are sent: `sns`, `pagerduty`, `webhook`. */
  channels: z.array(z.string()),
  nodeList: z.optional(nodeListSchema),
  gaps: z.array(gapSchema),
});

/** What the overlay was found to be. */
const overlaySchema = z.object({
  agent: z.enum(AGENTS),
  /** What installed flannel on most hosts; absent where the hosts do not know it. */
  install: z.optional(z.enum(['canal', 'flannel', 'rke2', 'k3s'])),
  /** Where flannel leases its subnets: in Kubernetes, or in an etcd of its own. */
  leases: z.optional(z.enum(['kubernetes', 'etcd'])),
  families: z.array(z.enum(['ipv4', 'ipv6'])),
  /** Those of most devices. */
  vni: z.optional(z.number()),
  port: z.optional(z.number()),
  /** Whether some nodes send packets to each other without VXLAN: DirectRouting, or CrossSubnet. */
  direct: z.boolean(),
  /** Nodes that run Windows: nothing can read their own tables, and they are in no list of hosts. */
  windows: z.array(z.string()),
});

const checkedSchema = z.object({
  /** Nodes whose own tables were compared with what at least one other node needs. */
  nodes: z.number(),
  of: z.number(),
  /** Pairs of an observer and a subject; a pair is checked where each of its entries is known. */
  pairs: z.object({ checked: z.number(), all: z.number() }),
  /** The first of the other nodes, and why. */
  unchecked: z.array(z.object({ node: z.string(), reason: z.string() })),
  /** Nodes and hosts that are not part of the overlay: how many, and the first of them. */
  excluded: z.optional(z.object({ count: z.number(), nodes: z.array(z.string()) })),
  /** Of a cluster that is small enough for a matrix: the subjects that each observer leaves unknown. */
  unknown: z.array(z.object({ observer: z.string(), subjects: z.array(z.string()) })),
  /** Whether enough pairs were read. What was read may still contradict itself, which `reason` then says. */
  enough: z.optional(z.boolean()),
  /** Why the cluster cannot be called healthy, although no fault was seen. */
  reason: z.optional(z.string()),
});

const TESTS = ['small', 'full', 'tcp'] as const;

const triedPacketsSchema = z.object({
  /** From one node to another and back, with all entries right on both; and how many of them were lost. */
  ways: z.number(),
  lost: z.number(),
  /** The first of them, those that accuse no node included. */
  lostWays: z.array(
    z.object({
      observer: z.string(),
      subject: z.string(),
      /** Absent where all is lost. */
      loss: z.optional(z.enum(LOSSES)),
    }),
  ),
  /** The first of the nodes whose hosts answered and could not try all, and why. */
  untried: z.array(
    z.object({ node: z.string(), tests: z.array(z.enum(TESTS)), reason: z.string() }),
  ),
});

export type TriedPackets = z.infer<typeof triedPacketsSchema>;

export const reportSchema = z.object({
  /** Of the vtepwatch that made it. */
  version: z.optional(z.string()),
  cluster: z.string(),
  /** ISO 8601; when the run began. */
  at: z.string(),
  /** Absent where nothing was gathered through AWS. */
  site: z.optional(siteSchema),
  verdict: z.enum(['healthy', 'incident', 'unjudged']),
  /** Absent where the run was refused, or found no VXLAN overlay. */
  overlay: z.optional(overlaySchema),
  /** How much was checked; absent where the run was refused. */
  checked: z.optional(checkedSchema),
  /** What packets showed; absent where no host sent any. */
  packets: z.optional(triedPacketsSchema),
  hosts: z.object({
    observed: z.array(z.string()),
    unknown: z.array(z.string()),
    /** The managed-node ids of the observed ones, by node; absent where nothing was gathered through AWS. */
    ids: z.optional(z.record(z.string(), z.string())),
  }),
  incidents: z.array(incidentSchema),
  problems: z.array(problemSchema),
  latencies: z.array(latencySchema),
  /** Absent where nothing was gathered: from captured outputs, or where the run was refused. */
  coverage: z.optional(coverageSchema),
  /** Why the run did not take place; another one was under way, or had this tick. */
  refused: z.optional(z.string()),
});

export type Checked = z.infer<typeof checkedSchema>;
export type ReportedOverlay = z.infer<typeof overlaySchema>;
export type Report = z.infer<typeof reportSchema>;
export type ReportedIncident = z.infer<typeof incidentSchema>;
export type ReportedEntry = z.infer<typeof entrySchema>;
export type ReportedLatency = z.infer<typeof latencySchema>;
export type Problem = z.infer<typeof problemSchema>;
export type Coverage = z.infer<typeof coverageSchema>;
export type ReportedNodeList = z.infer<typeof nodeListSchema>;
export type Gap = z.infer<typeof gapSchema>;
export type Fix = z.infer<typeof fixSchema>;
