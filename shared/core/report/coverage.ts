import type { Coverage, Gap, ReportedNodeList } from '../../contract/report.ts';
import { causesOfAnnotations } from '../diagnose/causes.ts';
import type { Member } from '../members/member.ts';
import { isWindowsPeer } from '../members/windows.ts';
import type { Facts, NodeList } from '../facts.ts';
import type { Judgement } from '../judge.ts';
import type { Agent } from '../overlay/profile.ts';
import { enumerate } from '../plain-text.ts';

/** What a deployment may leave out. */
export interface OptionalIntegrations {
  readonly telemetry: boolean;
  /** The names of the channels through which pages are sent. */
  readonly channels: readonly string[];
}

/** How many nodes one sentence names; the lists beside it have them all. */
const NAMES = 10;

/** What a run could see, and what would show it more. */
export function coverageOf(
  facts: Facts,
  { members, profile }: Judgement,
  { telemetry, channels }: OptionalIntegrations,
): Coverage {
  const outside = members
    .filter((member) => neverAnswered(member) && !isWindowsPeer(member))
    .map(({ node }) => node);
  const masters = members.filter(isMaster).map(({ node }) => node);
  return {
    outside,
    masters,
    channels: [...channels],
    nodeList: reportedList(facts.nodes),
    gaps: [
      ...(outside.length === 0 ? [] : [hostsGap(outside)]),
      ...(facts.nodes.kind === 'read' ? [] : [KUBERNETES_GAPS[profile.agent]]),
      ...(masters.length === 0 ? [MASTERS_GAP] : []),
      ...(telemetry ? [] : [TELEMETRY_GAP]),
    ],
  };
}

/** Where the list came from, how old it is, and of whom it did not say enough. */
function reportedList(nodes: NodeList): ReportedNodeList | undefined {
  const none = { nodes: 0, ageSeconds: 0, voters: [], silent: [], unsettled: [] };
  switch (nodes.kind) {
    case 'not-configured':
      return { source: 'hosts', ...none };
    case 'unread':
      return { source: 'awaited', ...none };
    case 'read': {
      const { origin, after, unsettled = new Map<string, string>() } = nodes;
      if (origin === undefined) return undefined;
      const { source, ageSeconds, voters, silent } = origin;
      return {
        source,
        nodes: after.length,
        ageSeconds,
        voters: [...voters],
        silent: [...silent],
        unsettled: [...unsettled.keys()],
      };
    }
  }
}

/** The same where pages reach nobody: SNS is the only channel, and its topic has no subscriber. */
export function withoutSubscribers(coverage: Coverage): Coverage {
  return coverage.channels.some((channel) => channel !== 'sns')
    ? coverage
    : { ...coverage, gaps: [...coverage.gaps, PAGING_GAP] };
}

function neverAnswered({ observed, remembered }: Member): boolean {
  return observed === undefined && remembered?.instanceId === undefined;
}

function isMaster({ observed, remembered }: Member): boolean {
  return observed === undefined
    ? (remembered?.master ?? false)
    : observed.host.kubeconfig !== undefined;
}

function hostsGap(outside: readonly string[]): Gap {
  const adds =
    `the tables of ${enumerate(outside, NAMES)}: Kubernetes lists these nodes, but Systems Manager has never ` +
    'returned an answer from them. Does the agent run there, and does the host have the tag?';
  return { missing: 'hosts', adds, causes: [] };
}

const WHERE_LISTS_COME_FROM =
  'which a tagged master reports or a kubeconfig brings (kubeconfigParameter in cdk.json)';

/** Calico's annotations have no MAC address, unless somebody has set one. */
const KUBERNETES_GAPS: Readonly<Record<Agent, Gap>> = {
  flannel: {
    missing: 'kubernetes',
    adds:
      `a node list with flannel's annotations, ${WHERE_LISTS_COME_FROM}, would show which side of a wrong MAC ` +
      'is right, and nodes that are new or gone',
    causes: [...causesOfAnnotations()],
  },
  calico: {
    missing: 'kubernetes',
    adds:
      `a node list with Calico's annotations, ${WHERE_LISTS_COME_FROM}, would show the addresses that each ` +
      'node should have, and nodes that are new or gone',
    causes: [],
  },
};

const MASTERS_GAP: Gap = {
  missing: 'masters',
  adds:
    'a tagged host with an admin kubeconfig (where kubeadm, RKE2 and k3s put it, or kubeconfigPaths in ' +
    'cdk.json) would show how long kubectl get nodes takes',
  causes: [],
};

const TELEMETRY_GAP: Gap = {
  missing: 'telemetry',
  adds: 'an OTLP endpoint (telemetry in cdk.json) would receive metrics, events and a trace',
  causes: [],
};

const PAGING_GAP: Gap = {
  missing: 'paging',
  adds:
    'a confirmed subscription to the SNS topic, PagerDuty or a webhook (paging in cdk.json) would take ' +
    'pages to people: today nobody is paged',
  causes: [],
};
