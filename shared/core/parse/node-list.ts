/** What a master reports of the node list: its checksums, and the lines of its nodes. */
import { ANSWER_END, WORDS } from '../../contract/wire.ts';
import { FAMILIES } from '../overlay/addresses.ts';
import type { DaemonSet } from '../overlay/restart.ts';
import type { AnnotatedVtep, CalicoAddresses, ClusterNode } from '../overlay/vtep.ts';
import { formatTime } from '../time.ts';
import { openAnswer, readAnswer, readRecord, recordsOf } from './answer.ts';
import { type Parsed, quote } from './parsed.ts';

/** The list of one master's API server at one moment, as checksums. */
export interface NodeChecksums {
  /** Its `resourceVersion`, a decimal number. A list of the same cluster with a greater one is newer. */
  readonly version: string;
  /** Nodes on the list, those included whose names are not understood. */
  readonly count: number;
  /** Whether the master needs four times as long for the list as others do. */
  readonly isSlow: boolean;
  /** By bucket (`contract/node-list.ts`). */
  readonly checksums: readonly string[];
}

export interface NodesAnswer {
  /** Undefined where the list could not be read; a problem says why. */
  readonly list: NodeChecksums | undefined;
  readonly daemonSets: readonly DaemonSet[];
  /** What stands behind it: an answer to `nodes-part`, or the beginning of it. */
  readonly rest: string;
}

/** The nodes of some buckets or leaves. */
export interface NodesPart {
  readonly list: NodeChecksums;
  /** The checksums of all leaves, where these were asked for in place of nodes. */
  readonly leaves?: readonly string[] | undefined;
  /** The lines of its nodes, as the checksums were made of them. */
  readonly lines: readonly string[];
}

/** Reads the answer to `nodes`, of which no more than the beginning may be there. */
export function parseNodesAnswer(where: string, text: string): Parsed<NodesAnswer> {
  const end = new RegExp(`^${ANSWER_END} .*\n`, 'm').exec(text);
  const size = end === null ? text.length : end.index + end[0].length;
  const rest = text.slice(size);
  const answer = readAnswer('nodes', text.slice(0, size));
  if (answer.kind === 'broken') {
    const problems = [{ where, message: `node list: ${answer.reason}` }];
    return { value: { list: undefined, daemonSets: [], rest: '' }, problems };
  }
  const [list] = recordsOf(answer.records, 'checksums').map(checksumsOf);
  const daemonSets = recordsOf(answer.records, 'daemonset').map(
    ({ namespace, name, strategy, maxUnavailable }) => ({
      namespace,
      name,
      strategy,
      maxUnavailable,
    }),
  );
  const complaints = recordsOf(answer.records, 'E').map(({ complaint }) => quote(complaint));
  const why = complaints.length === 0 ? 'no kubeconfig is there' : complaints.join(', ');
  const message = `its node list could not be read: ${why}`;
  return {
    value: { list, daemonSets, rest },
    problems: list === undefined ? [{ where, message }] : [],
  };
}

/** Reads the answer to `nodes-part`; undefined where it is none, and a problem says why. */
export function parseNodesPart(where: string, text: string): Parsed<NodesPart | undefined> {
  const answer = readAnswer('nodes-part', text);
  const opened = openAnswer('nodes-part', text);
  if (answer.kind === 'broken' || opened.kind === 'broken') {
    const { reason } = answer.kind === 'broken' ? answer : { reason: '' };
    return { value: undefined, problems: [{ where, message: `part of the node list: ${reason}` }] };
  }
  const [list] = recordsOf(answer.records, 'checksums').map(checksumsOf);
  if (list === undefined) {
    const message = 'part of the node list: it could not be read';
    return { value: undefined, problems: [{ where, message }] };
  }
  const [leaves] = recordsOf(answer.records, 'leaves').map(({ checksums }) => checksums);
  const lines = opened.payload.split('\n').filter((line) => /^(node|unknown) /.test(line));
  return { value: { list, leaves, lines }, problems: [] };
}

function checksumsOf({
  version,
  count,
  reader,
  checksums,
}: Omit<NodeChecksums, 'isSlow'> & { readonly reader: string }): NodeChecksums {
  return { version, count, isSlow: reader === 'busybox', checksums };
}

/** The name in a line of a node; undefined for what is no such line. */
export function nameInLine(line: string): string | undefined {
  return /^(?:node|unknown) (\S+)/.exec(line)?.[1];
}

/** The node of a line; undefined where a value of it was not understood. */
export function nodeInLine(line: string): ClusterNode | undefined {
  const record = readRecord(line);
  if (record?.kind !== 'node') return undefined;
  const flannel: readonly AnnotatedVtep[] = [
    {
      family: 'ipv4',
      mac: record.mac,
      publicIp: record.publicIp,
      overwrite: record.overwrite,
    },
    {
      family: 'ipv6',
      mac: record.mac6,
      publicIp: record.publicIp6,
      overwrite: record.overwrite6,
    },
  ];
  const calico: readonly CalicoAddresses[] = [
    { family: 'ipv4', tunnelIp: record.calicoTunnelIp, address: record.calicoAddress },
    { family: 'ipv6', tunnelIp: record.calicoTunnelIp6, address: record.calicoAddress6 },
  ];
  return {
    name: record.name,
    uid: record.uid,
    instanceId: record.machine,
    internalIps: record.internalIps ?? [],
    podCidrs: record.podCidrs ?? [],
    backend: record.backend,
    annotated:
      record.backend === 'vxlan'
        ? flannel.filter(({ mac, publicIp }) => mac !== undefined || publicIp !== undefined)
        : [],
    calico: calico.filter(
      ({ tunnelIp, address }) => tunnelIp !== undefined || address !== undefined,
    ),
    isControlPlane: record.role !== undefined,
    zone: record.zone,
    isUnschedulable: record.scheduling !== undefined,
    createdAt: record.created,
  };
}

/** The line of a node that came from elsewhere, as far as the grammar takes it. */
export function lineOfNode(node: ClusterNode): string {
  const [flannel, flannel6] = FAMILIES.map((family) =>
    node.annotated.find((one) => one.family === family),
  );
  const [calico, calico6] = FAMILIES.map((family) =>
    node.calico?.find((one) => one.family === family),
  );
  const words = [
    node.name,
    node.uid,
    node.createdAt === undefined ? undefined : formatTime(node.createdAt).replace(/\.\d+Z$/, 'Z'),
    node.instanceId,
    node.internalIps.join(','),
    node.podCidrs.join(','),
    node.backend,
    ...[flannel, flannel6].flatMap((one) => [macOf(one), one?.publicIp, one?.overwrite]),
    ...[calico, calico6].flatMap((one) => [one?.tunnelIp, one?.address]),
    node.isControlPlane === true ? 'master' : undefined,
    node.zone,
    node.isUnschedulable === true ? 'off' : undefined,
  ];
  const line = ['node', ...words.map((word) => word || '-')].join(' ');
  return readRecord(line) === undefined ? `unknown ${node.name}` : line;
}

const MAC = new RegExp(`^${WORDS.mac}$`);

function macOf(annotated: AnnotatedVtep | undefined): string | undefined {
  return annotated?.mac !== undefined && MAC.test(annotated.mac) ? annotated.mac : undefined;
}
