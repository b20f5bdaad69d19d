import * as z from 'zod/mini';
import { CAUSES, SCOPES, SEVERITIES, TABLES } from '../../../shared/contract/causes.ts';
import {
  INCIDENT_REASONS,
  type IncidentReason,
} from '../../../shared/contract/incident-reasons.ts';
import { fixSchema, incidentSchema } from '../../../shared/contract/report.ts';
import { pageDetailsSchema } from '../../../shared/contract/webhook.ts';
import {
  type Cidr,
  FAMILIES,
  type IpAddress,
  parseCidr,
  parseIp,
} from '../../../shared/core/overlay/addresses.ts';
import { PACKET_TESTS } from '../../../shared/core/overlay/packets.ts';
import type { RosterEntry } from '../../../shared/core/facts.ts';
import type { RememberedApi } from '../../../shared/core/latency.ts';
import { type Incident, JOIN_RUNS } from '../../../shared/core/incident/incident.ts';
import type { Agents } from '../ssm/agents.ts';
import { type AnswerTime, UNKNOWN_ANSWER_TIME } from '../ssm/first-poll.ts';
import type { Page } from '../../../shared/core/page/page.ts';
import type { IncidentChange } from '../../../shared/core/telemetry/events.ts';

/** The documents in the table, as they are written and read. */

/** A pending page, and the names of the channels that have not taken it yet. */
export interface OutboxEntry {
  readonly page: Page;
  readonly channels: readonly string[];
  /** The channels that may have taken it, without an answer that says so. */
  readonly lostAnswers?: readonly LostAnswer[] | undefined;
  /** It was taken, and nobody could store that; never in the table itself. */
  readonly repeat?: Repeat | undefined;
}

/** When a page goes out again that was taken while the state was unavailable. */
export interface Repeat {
  /** When it was taken first, epoch milliseconds. */
  readonly since: number;
  readonly times: number;
  /** Epoch milliseconds. */
  readonly notBefore: number;
}

/** The tries of a page on one channel that had no answer. */
export interface LostAnswer {
  readonly channel: string;
  readonly times: number;
  /** When the page may go out again, epoch milliseconds: people may have read it already. */
  readonly notBefore: number;
}

export interface State {
  readonly incidents: readonly Incident[];
  readonly outbox: readonly OutboxEntry[];
  /** Changes of incidents that the backend is not known to have as events. */
  readonly changes: readonly IncidentChange[];
  readonly newer: Newer;
}

/** What a newer version has stored and this one does not understand: it is written back as it is. */
interface Newer {
  readonly incidents: readonly Keyed[];
  readonly outbox: readonly Readonly<Record<string, unknown>>[];
  readonly changes: readonly Readonly<Record<string, unknown>>[];
}

interface Keyed {
  readonly key: string;
  readonly [field: string]: unknown;
}

export const NOTHING_STORED: State = {
  incidents: [],
  outbox: [],
  changes: [],
  newer: { incidents: [], outbox: [], changes: [] },
};

/** A command to the masters that may still be answered: a slow master answers after the run has ended. */
export interface MasterCommand {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  /** Node names by managed-node id, as they were when the command was sent. */
  readonly masters: Readonly<Record<string, string>>;
}

export interface Memory {
  readonly roster: readonly RosterEntry[];
  /** The last run's commands, as far as they are unanswered. */
  readonly latencyCommand: MasterCommand | undefined;
  readonly apisCommand: MasterCommand | undefined;
  /** Managed nodes that did not answer the last run: the next run does not wait for them. */
  readonly silent: readonly string[];
  /** The agents of hosts that do not answer; undefined before the first reading of the inventory. */
  readonly agents: Agents | undefined;
  /** Nodes out of the masters' `kubectl get nodes`, as last read. */
  readonly listed: readonly string[];
  /** Of a large cluster, a sum of these by managed-node id of the master that listed them. */
  readonly nameSums?: readonly (readonly [instanceId: string, sum: string])[] | undefined;
  /** The names have changed since the node list was read: the next run reads it. */
  readonly isListStale?: boolean | undefined;
  /** Which round of packets comes next, and the tunnel IPs that more hosts try in it. */
  readonly packets?: { readonly round: number; readonly suspects: readonly string[] } | undefined;
  /** How the masters' API servers answered the last runs. */
  readonly apis?: readonly RememberedApi[] | undefined;
  /** How long the hosts of the last runs took to answer. */
  readonly answerTime: AnswerTime;
  /** Runs in a row in which no master was known. */
  readonly runsWithoutMaster: number;
}

const ip = z.custom<IpAddress>((value) => typeof value === 'string' && parseIp(value) === value);
const cidr = z.custom<Cidr>((value) => typeof value === 'string' && parseCidr(value) === value);

const block = z.object({ observers: z.array(z.string()), subjects: z.array(z.string()) });

const footprint = z.object({
  blocks: z.array(block),
  tables: z.array(z.enum(TABLES)),
  /** Earlier builds of version 0.1 know no states of nodes. */
  states: z.optional(z.array(z.object({ cause: z.enum(CAUSES), nodes: z.array(z.string()) }))),
});

function isReason(text: string | undefined): text is IncidentReason {
  return text !== undefined && Object.hasOwn(INCIDENT_REASONS, text);
}

const reason = z.pipe(
  z.optional(z.string()),
  z.transform((text): IncidentReason => (isReason(text) ? text : 'unchanged')),
);

const incidentFields = {
  key: z.string(),
  phase: z.enum(['suspected', 'open', 'resolved']),
  times: z.optional(z.number()),
  relapses: z.optional(z.array(z.number())),
  resolvedAt: z.optional(z.number()),
  cleanSince: z.optional(z.number()),
  since: z.number(),
  paged: z.optional(z.enum(SEVERITIES)),
  pagedNodes: z.optional(z.number()),
  /** Under a cause of another version it is not paged again for its cause. */
  pagedAs: z.catch(z.optional(z.object({ cause: z.enum(CAUSES), cells: z.number() })), undefined),
  worsened: z.optional(z.number()),
  remindedAt: z.optional(
    z.object({ sns: z.optional(z.number()), webhook: z.optional(z.number()) }),
  ),
  accused: z.optional(z.enum(['subjects', 'observers'])),
  steadyRuns: z.optional(z.number()),
  /** A reason of another version is no reason to forget the incident. */
  reason,
  unrepaired: z.optional(footprint),
  footprint: z.union([
    footprint,
    /** As earlier builds of version 0.1 wrote it. */
    z.pipe(
      z.extend(block, { tables: z.array(z.enum(TABLES)) }),
      z.transform(({ tables, ...one }) => ({ tables, blocks: [one] })),
    ),
  ]),
};

/** As earlier builds of version 0.1 wrote it: without hosts where kubectl runs the commands. */
const fixWithoutPlace = z.pipe(
  z.omit(fixSchema, { runs: true }),
  z.transform((fix) => {
    const runs = fix.hosts.length === 0 ? ('anywhere' as const) : ('on-hosts' as const);
    return { ...fix, runs };
  }),
);

const incident = z.union([
  // Fields of a newer version are written back, too.
  z.looseObject({
    ...incidentFields,
    scope: z.enum(SCOPES),
    name: z.string(),
    reported: incidentSchema,
  }),
  z.pipe(
    z.object({
      ...incidentFields,
      reported: z.extend(incidentSchema, { fix: z.array(fixWithoutPlace) }),
    }),
    z.transform((earlier) => ({ ...earlier, ...identifiedBy(earlier) })),
  ),
  /** The same before entries and commands were data. The next run that sees the fault reports them. */
  z.pipe(
    z.object({ ...incidentFields, told: z.omit(incidentSchema, { entries: true, fix: true }) }),
    z.transform(({ told, ...earlier }) => ({
      ...earlier,
      ...identifiedBy({ ...earlier, reported: told }),
      reported: { ...told, entries: [], evidence: [NOT_KEPT, ...told.evidence], fix: [] },
    })),
  ),
]);

/** Stands where a reader of the report or of a page looks for entries and commands. */
const NOT_KEPT =
  'An earlier version of vtepwatch reported this incident. Its entries and its fix are reported anew ' +
  'when its nodes are read again.';

/** Earlier builds kept scope and name in the key alone: `cluster/scope/name`. */
function identifiedBy({
  key,
  reported,
}: {
  readonly key: string;
  readonly reported: Pick<Incident['reported'], 'scope'>;
}): Pick<Incident, 'scope' | 'name'> {
  const [, first, ...name] = key.split('/');
  const scope = SCOPES.find((one) => one === first) ?? reported.scope;
  return { scope, name: name.join('/') };
}

const page = z.looseObject({
  key: z.string(),
  kind: z.enum(['opened', 'worsened', 'reminder', 'resolved']),
  severity: z.enum(SEVERITIES),
  /** A cause of another version is no reason to keep the page back. */
  cause: z.optional(z.string()),
  worsened: z.optional(z.number()),
  at: z.number(),
  subject: z.string(),
  text: z.string(),
  sms: z.optional(z.string()),
  details: z.optional(pageDetailsSchema),
});

const lostAnswer = z.object({ channel: z.string(), times: z.number(), notBefore: z.number() });

const outboxEntry = z.union([
  z.object({ page, channels: z.array(z.string()), lostAnswers: z.optional(z.array(lostAnswer)) }),
  /** As version 0.1 writes it. */
  z.pipe(
    z.object({ page, routes: z.array(z.string()) }),
    z.transform(({ page: pending, routes }) => ({ page: pending, channels: routes })),
  ),
]);

const change = z.looseObject({
  at: z.number(),
  kind: z.enum(['opened', 'worsened', 'updated', 'resolved']),
  reason,
  incident: incidentSchema,
  before: z.optional(incidentSchema),
  worsened: z.optional(z.number()),
  endedAt: z.optional(z.number()),
});

/** The documents of a list that this version understands, and those of which it knows the form alone. */
function listOf<T, Form>(
  known: z.ZodMiniType<T>,
  form: z.ZodMiniType<Form>,
): z.ZodMiniType<{ readonly known: readonly T[]; readonly newer: readonly Form[] }> {
  const one = z.union([
    z.pipe(
      known,
      z.transform((document) => ({ known: [document], newer: [] })),
    ),
    z.pipe(
      form,
      z.transform((document) => ({ known: [], newer: [document] })),
    ),
  ]);
  return z.pipe(
    z.array(one),
    z.transform((all) => ({
      known: all.flatMap((each) => each.known),
      newer: all.flatMap((each) => each.newer),
    })),
  );
}

const keyed = z.looseObject({ key: z.string() });

export const stateSchema: z.ZodMiniType<State> = z.pipe(
  z.object({
    incidents: listOf(incident, keyed),
    outbox: listOf(outboxEntry, z.looseObject({ page: keyed })),
    /** Runs of version 0.1 do not store them. */
    changes: z.optional(listOf(change, z.looseObject({ incident: keyed }))),
  }),
  z.transform(({ incidents, outbox, changes = { known: [], newer: [] } }): State => ({
    incidents: incidents.known.map((one) => ({
      ...one,
      paged: one.paged,
      // An incident of an earlier build does not grow any more.
      steadyRuns: one.steadyRuns ?? JOIN_RUNS,
    })),
    outbox: outbox.known,
    changes: changes.known.map((one) => ({ ...one, before: one.before })),
    newer: { incidents: incidents.newer, outbox: outbox.newer, changes: changes.newer },
  })),
);

/** The document of a state, as `stateSchema` reads it. */
export function stateDocument({ incidents, outbox, changes, newer }: State): object {
  const open = new Set(incidents.flatMap(({ phase, key }) => (phase === 'open' ? [key] : [])));
  return {
    // What this version has opened under the same key takes its place.
    incidents: [...incidents, ...newer.incidents.filter(({ key }) => !open.has(key))],
    outbox: [...outbox, ...newer.outbox],
    changes: [...changes, ...newer.changes],
  };
}

const vtep = z.object({
  node: z.string(),
  family: z.enum(FAMILIES),
  underlayIp: z.optional(ip),
  tunnelIp: z.optional(ip),
  mac: z.optional(z.string()),
  podCidr: z.optional(cidr),
});

const device = z.object({
  family: z.enum(FAMILIES),
  index: z.number(),
  since: z.optional(z.number()),
});

const packetTests = z.array(z.enum(PACKET_TESTS));

export const rosterEntrySchema = z.pipe(
  z.object({
    node: z.string(),
    instanceId: z.optional(z.string()),
    boot: z.optional(z.string()),
    vteps: z.array(vtep),
    master: z.boolean(),
    lastSeen: z.number(),
    packets: z.optional(z.object({ answers: packetTests, isAnswered: packetTests })),
    devices: z.optional(z.array(device)),
    /** What version 0.1 remembers instead: the device of IPv4. */
    deviceIndex: z.optional(z.number()),
    deviceSince: z.optional(z.number()),
  }),
  z.transform(({ deviceIndex: index, deviceSince: since, ...entry }): RosterEntry => {
    const ofIpv4 = index === undefined ? [] : [{ family: 'ipv4', index, since } as const];
    return { ...entry, devices: entry.devices ?? ofIpv4 };
  }),
);

const masterCommand = z.object({
  id: z.string(),
  sentAt: z.number(),
  masters: z.record(z.string(), z.string()),
});

const measurement = z.object({
  kind: z.enum(['answered', 'failed', 'down', 'no-answer']),
  seconds: z.number(),
  readyzSeconds: z.optional(z.number()),
});

const rememberedApi = z.object({
  node: z.string(),
  usual: z.array(z.number()),
  slow: z.number(),
  unreachable: z.number(),
  isHeard: z.boolean(),
  isExplained: z.boolean(),
  late: z.optional(measurement),
});

/** So many runs without a master, and the hosts' own answers take the list's place. */
export const RUNS_WITHOUT_MASTER = 3;

export const memorySchema: z.ZodMiniType<Memory> = z.pipe(
  z.object({
    roster: z.array(rosterEntrySchema),
    latencyCommand: z.optional(masterCommand),
    apisCommand: z.optional(masterCommand),
    silent: z.array(z.string()),
    agents: z.optional(
      z.object({
        listedAt: z.number(),
        gone: z.optional(z.array(z.string())),
        nodes: z.array(
          z.object({
            instanceId: z.string(),
            name: z.string(),
            ping: z.string(),
            lastPing: z.optional(z.number()),
          }),
        ),
      }),
    ),
    listed: z.array(z.string()),
    nameSums: z.optional(z.array(z.tuple([z.string(), z.string()]))),
    isListStale: z.optional(z.boolean()),
    packets: z.catch(z.optional(z.object({ round: z.number(), suspects: z.array(ip) })), undefined),
    /** As another version has it, it is measured anew. */
    apis: z.catch(z.optional(z.array(rememberedApi)), undefined),
    answerTime: z.optional(z.object({ atMost: z.number(), longerThan: z.number() })),
    runsWithoutMaster: z.optional(z.number()),
  }),
  z.transform(
    ({ latencyCommand, apisCommand, agents, answerTime, runsWithoutMaster, ...rest }): Memory => ({
      ...rest,
      // Runs of version 0.1 do not remember it.
      answerTime: answerTime ?? UNKNOWN_ANSWER_TIME,
      // What an earlier version remembers has paged without a list, and goes on.
      runsWithoutMaster: runsWithoutMaster ?? RUNS_WITHOUT_MASTER,
      latencyCommand,
      // What version 0.1 remembers has none: it asked for the APIs before a page alone.
      apisCommand,
      agents: agents && {
        ...agents,
        gone: agents.gone ?? [],
        nodes: agents.nodes.map((node) => ({ ...node, lastPing: node.lastPing })),
      },
    }),
  ),
);
