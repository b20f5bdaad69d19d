import * as fc from 'fast-check';
import { CAUSES, SCOPES, SEVERITIES, TABLES } from '../../../../shared/contract/causes.ts';
import {
  AGENTS,
  FIX_KINDS,
  LOSS_PLACES,
  LOSSES,
  type ReportedIncident,
} from '../../../../shared/contract/report.ts';
import type { RememberedDevice, RosterEntry } from '../../../../shared/core/facts.ts';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { PACKET_TESTS } from '../../../../shared/core/overlay/packets.ts';
import type { Vtep } from '../../../../shared/core/overlay/vtep.ts';
import type { Page } from '../../../../shared/core/page/page.ts';
import type { IncidentChange } from '../../../../shared/core/telemetry/events.ts';
import type {
  MasterCommand,
  Memory,
  OutboxEntry,
  State,
} from '../../../../lambda/systems/incident-store/stored.ts';
import { anyCidr, anyIp, anyMac } from '../../../support/entries.ts';
import type { Agents } from '../../../../lambda/systems/ssm/agents.ts';
import type { ManagedNode } from '../../../../lambda/systems/ssm/inventory.ts';

const REASONS = ['patience', 'confirmed', 'group-formed', 'joined', 'unchanged'] as const;

/** Every field has its samples, those that may be missing too: a new field breaks the build here. */
type Samples<T> = { readonly [K in keyof Required<T>]: fc.Arbitrary<T[K]> };

/** Any text, as hosts may send it: control characters, emoji, half of a pair. */
const text = fc.string({ unit: 'binary', maxLength: 40 });
const texts = fc.array(text, { maxLength: 4 });
const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
const instanceId = fc.stringMatching(/^mi-[0-9a-f]{17}$/);

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const step = fc.record(
  {
    kind: fc.constantFrom(...FIX_KINDS),
    hosts: fc.array(text, { maxLength: 4 }),
    runs: fc.constantFrom('on-hosts', 'anywhere'),
    commands: fc.array(text, { maxLength: 4 }),
    remotely: fc.array(text, { maxLength: 2 }),
    condition: text,
    interrupts: text,
    check: fc.record({ host: text, command: text, shows: text }),
    kubectlOn: text,
    agent: fc.constantFrom(...AGENTS),
  },
  { requiredKeys: ['kind', 'hosts', 'runs', 'commands'] },
);

const reported: Samples<ReportedIncident> = {
  key: text,
  scope: fc.constantFrom(...SCOPES),
  cause: fc.constantFrom(...CAUSES),
  otherCauses: fc.subarray([...CAUSES]),
  severity: fc.constantFrom(...SEVERITIES),
  phase: fc.constantFrom('suspected', 'open', 'resolved'),
  since: text,
  times: maybe(fc.nat()),
  notSeenAt: maybe(text),
  subject: maybe(text),
  family: maybe(fc.constantFrom('ipv4', 'ipv6')),
  loss: maybe(fc.constantFrom(...LOSSES)),
  lossAt: maybe(fc.constantFrom(...LOSS_PLACES)),
  vtep: maybe(
    fc.record({
      underlayIp: maybe(text),
      tunnelIp: maybe(text),
      mac: maybe(text),
      podCidr: maybe(text),
    }),
  ),
  subjects: maybe(texts),
  observers: texts,
  checkedPeers: fc.nat(),
  missingPeers: fc.nat(),
  response: maybe(
    fc.record({
      seconds: fc.nat(),
      isUnanswered: maybe(fc.constant(true)),
      usualSeconds: maybe(fc.nat()),
    }),
  ),
  entries: fc.array(
    fc.record({
      observer: text,
      subject: text,
      table: fc.constantFrom(...TABLES),
      device: text,
      family: fc.constantFrom('ipv4', 'ipv6'),
      expected: text,
      found: text,
    }),
    { maxLength: 4 },
  ),
  evidence: texts,
  changes: maybe(texts),
  instances: maybe(fc.array(fc.record({ node: text, id: instanceId }), { maxLength: 4 })),
  fix: fc.array(step, { maxLength: 4 }),
};

const footprint = fc.record({
  blocks: fc.array(fc.record({ observers: texts, subjects: texts }), { maxLength: 3 }),
  tables: fc.subarray([...TABLES]),
});

const incident: Samples<Incident> = {
  key: text,
  scope: fc.constantFrom(...SCOPES),
  name: text,
  phase: fc.constantFrom('suspected', 'open', 'resolved'),
  since: time,
  times: maybe(fc.nat()),
  relapses: maybe(fc.array(time, { maxLength: 3 })),
  resolvedAt: maybe(time),
  cleanSince: maybe(time),
  paged: maybe(fc.constantFrom(...SEVERITIES)),
  pagedNodes: maybe(fc.nat()),
  pagedAs: maybe(fc.record({ cause: fc.constantFrom(...CAUSES), cells: fc.nat() })),
  worsened: maybe(fc.nat()),
  remindedAt: maybe(fc.record({ sns: maybe(time), webhook: maybe(time) })),
  accused: maybe(fc.constantFrom('subjects', 'observers')),
  steadyRuns: fc.nat(),
  reason: fc.constantFrom(...REASONS),
  footprint,
  unrepaired: maybe(footprint),
  reported: fc.record(reported),
};

const page: Samples<Page> = {
  key: text,
  kind: fc.constantFrom('opened', 'worsened', 'resolved'),
  severity: fc.constantFrom(...SEVERITIES),
  cause: maybe(fc.constantFrom(...CAUSES)),
  worsened: maybe(fc.nat()),
  at: time,
  subject: text,
  text,
  sms: maybe(text),
  details: maybe(
    fc.record({
      scope: fc.constantFrom(...SCOPES),
      cause: fc.constantFrom(...CAUSES),
      victims: texts,
      observers: texts,
      missing: fc.nat(),
      checked: fc.nat(),
      since: text,
      fix: fc.array(step, { maxLength: 2 }),
      account: maybe(text),
      region: maybe(text),
      links: fc.record({ runbook: text }),
    }),
  ),
};

const outboxEntry: Samples<OutboxEntry> = {
  page: fc.record(page),
  channels: texts,
  // The table has none.
  repeat: fc.constant(undefined),
  lostAnswers: maybe(
    fc.array(fc.record({ channel: text, times: fc.nat(), notBefore: time }), { maxLength: 2 }),
  ),
};

const change: Samples<IncidentChange> = {
  at: time,
  kind: fc.constantFrom('opened', 'worsened', 'updated', 'resolved'),
  reason: incident.reason,
  incident: fc.record(reported),
  before: maybe(fc.record(reported)),
  worsened: maybe(fc.nat()),
  endedAt: maybe(time),
};

/** What no version knows yet. */
const newer = fc.record({
  key: text.map((name) => `newer/${name}`),
  cause: fc.constant('quantum-drift'),
  later: fc.array(text),
});

const state: Samples<State> = {
  incidents: fc.array(fc.record(incident), { maxLength: 3 }),
  outbox: fc.array(fc.record(outboxEntry), { maxLength: 3 }),
  changes: fc.array(fc.record(change), { maxLength: 3 }),
  newer: fc.record({
    incidents: fc.array(newer, { maxLength: 2 }),
    outbox: fc.array(fc.record({ page: newer }), { maxLength: 2 }),
    changes: fc.array(fc.record({ incident: newer }), { maxLength: 2 }),
  }),
};

const vtep: Samples<Vtep> = {
  node: text,
  family: fc.constantFrom('ipv4', 'ipv6'),
  underlayIp: maybe(anyIp),
  tunnelIp: maybe(anyIp),
  mac: maybe(anyMac),
  podCidr: maybe(anyCidr),
};

const device: Samples<RememberedDevice> = {
  family: fc.constantFrom('ipv4', 'ipv6'),
  index: fc.nat(),
  since: maybe(time),
};

const rosterEntry: Samples<RosterEntry> = {
  node: text,
  instanceId: maybe(instanceId),
  boot: maybe(text),
  vteps: fc.array(fc.record(vtep), { maxLength: 2 }),
  master: fc.boolean(),
  lastSeen: time,
  packets: maybe(
    fc.record({
      answers: fc.subarray([...PACKET_TESTS]),
      isAnswered: fc.subarray([...PACKET_TESTS]),
    }),
  ),
  devices: fc.array(fc.record(device), { maxLength: 2 }),
};

const masterCommand: Samples<MasterCommand> = {
  id: fc.uuid(),
  sentAt: time,
  masters: fc.dictionary(instanceId, text, { maxKeys: 4 }),
};

const managedNode: Samples<ManagedNode> = {
  instanceId,
  name: text,
  ping: fc.constantFrom('Online', 'ConnectionLost'),
  lastPing: maybe(time),
};

const agents: Samples<Agents> = {
  listedAt: time,
  nodes: fc.array(fc.record(managedNode), { maxLength: 4 }),
  gone: fc.array(instanceId, { maxLength: 4 }),
};

const memory: Samples<Memory> = {
  packets: maybe(fc.record({ round: fc.nat(), suspects: fc.array(anyIp, { maxLength: 8 }) })),
  roster: fc.array(fc.record(rosterEntry), { maxLength: 4 }),
  latencyCommand: maybe(fc.record(masterCommand)),
  apisCommand: maybe(fc.record(masterCommand)),
  silent: fc.array(instanceId, { maxLength: 4 }),
  agents: maybe(fc.record(agents)),
  listed: texts,
  nameSums: maybe(fc.array(fc.tuple(instanceId, text), { maxLength: 4 })),
  isListStale: maybe(fc.boolean()),
  apis: maybe(
    fc.array(
      fc.record({
        node: text,
        usual: fc.array(fc.nat(), { maxLength: 12 }),
        slow: fc.nat(),
        unreachable: fc.nat(),
        isHeard: fc.boolean(),
        isExplained: fc.boolean(),
        late: maybe(
          fc.record({
            kind: fc.constantFrom('answered', 'failed', 'down', 'no-answer'),
            seconds: fc.nat(),
            readyzSeconds: maybe(fc.nat()),
          }),
        ),
      }),
      { maxLength: 4 },
    ),
  ),
  answerTime: fc.record({ atMost: time, longerThan: time }),
  runsWithoutMaster: fc.nat({ max: 9 }),
};

export const anyState: fc.Arbitrary<State> = fc.record(state);

export const anyMemory: fc.Arbitrary<Memory> = fc.record(memory);
