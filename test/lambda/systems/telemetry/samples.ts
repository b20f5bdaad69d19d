import type { Point, TelemetryEvent } from '../../../../shared/contract/telemetry.ts';

export const ROOT_ATTRIBUTES = {
  'faas.trigger': 'timer',
  'faas.coldstart': true,
  'faas.invocation.id': '5f0e6f3c-0000-4000-8000-000000000001',
  'faas.invocation.start_time': '2026-11-23T09:00:00.000Z',
} as const;

export function checkedPeers(node: string, value: number): Point {
  return {
    metric: 'vtepwatch.node.checked_peers',
    value,
    attributes: { 'k8s.cluster.name': 'lab', 'k8s.node.name': node },
  };
}

export function exception(message: string): TelemetryEvent {
  return {
    event: 'vtepwatch.check.exception',
    severity: 'fatal',
    body: message,
    attributes: {
      'k8s.cluster.name': 'lab',
      'exception.type': 'Error',
      'exception.message': message,
    },
  };
}

export const OPENED: TelemetryEvent = {
  event: 'vtepwatch.incident.opened',
  severity: 'error',
  body: 'master1 unreachable from 5 of 5 nodes (neighbour-missing)',
  attributes: {
    'k8s.cluster.name': 'lab',
    'k8s.node.name': 'master1',
    'network.peer.address': '192.168.1.140',
    'vtepwatch.vtep.tunnel_ip': undefined,
    'vtepwatch.incident.id': 'lab/subject/master1',
    'vtepwatch.cause': 'neighbour-missing',
    'vtepwatch.scope': 'subject',
    'vtepwatch.incident.reason': 'confirmed',
    'vtepwatch.severity': 'critical',
    'vtepwatch.tables': ['neighbour'],
    'vtepwatch.checked_peers': 5,
    'vtepwatch.missing_peers': 5,
    'vtepwatch.peer.names': ['master2', 'master3', 'node1', 'node2', 'node3'],
  },
};
