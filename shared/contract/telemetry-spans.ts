import type { EventDefinition } from './telemetry-events.ts';

const SSM_CALL = {
  kind: 'client',
  attributes: ['rpc.system.name', 'rpc.method'],
  optional: ['aws.request_id', 'vtepwatch.command.id', 'error.type'],
} as const;

/** A failed span has the status Error and `error.type`. */
export const SPANS = {
  /** On the wire this span has the function's own name. */
  function: {
    kind: 'server',
    description: 'One invocation, up to the flush',
    attributes: ['faas.trigger', 'faas.coldstart', 'faas.invocation_id'],
    optional: ['faas.time', 'faas.instance', 'error.type'],
  },
  'vtepwatch.check': {
    kind: 'internal',
    description: 'One run: gather, decide, act',
    attributes: ['k8s.cluster.name'],
    optional: ['vtepwatch.host.count', 'vtepwatch.incident.count', 'error.type'],
  },
  'vtepwatch.collect': {
    kind: 'internal',
    description: 'One question to the hosts, until the last awaited answer',
    attributes: ['vtepwatch.action'],
    optional: ['vtepwatch.host.count', 'vtepwatch.host.failures', 'error.type'],
  },
  'vtepwatch.evaluate': {
    kind: 'internal',
    description: 'From the facts to the decision',
    attributes: [],
    optional: ['vtepwatch.host.count', 'error.type'],
  },
  'SSM.SendCommand': { description: 'A command was sent to hosts', ...SSM_CALL },
  'SSM.ListCommandInvocations': { description: 'Answers of 50 hosts were read', ...SSM_CALL },
  'SSM.GetCommandInvocation': { description: 'The long answer of a host was read', ...SSM_CALL },
} as const satisfies Record<string, SpanDefinition>;

export type SpanName = keyof typeof SPANS;

export interface SpanDefinition extends EventDefinition {
  readonly kind: 'server' | 'client' | 'internal';
}
