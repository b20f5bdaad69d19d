/**
 * PagerDuty's Events API v2, as far as its documentation says what it takes and refuses, with what it
 * makes of the events: https://developer.pagerduty.com/docs/send-alert-event
 */
import * as z from 'zod/mini';
import { jsonInput } from '../aws/aws-json.ts';
import { listen } from '../aws/endpoint.ts';
import type { Endpoint, Service, ServiceReply, ServiceRequest } from '../aws/endpoint.ts';
import { createGate } from '../aws/gate.ts';
import type { Gate } from '../aws/gate.ts';
import { REAL_TIME } from '../aws/time.ts';

export interface PagerDuty extends Endpoint {
  /** Of the one integration that there is. */
  readonly routingKey: string;
  /** Operations are called by their `event_action`. */
  readonly gate: Gate;
  /** In the order in which they were triggered. */
  alerts(): readonly Alert[];
}

interface Alert {
  readonly dedupKey: string;
  readonly status: 'triggered' | 'resolved';
  /** What triggered it, and came to it while it was open. */
  readonly payloads: readonly AlertPayload[];
}

type AlertPayload = z.infer<typeof payloadSchema>;

const ROUTING_KEY = 'R0UT1NGKEY0F7HELAB00000000000000';

/** https://developer.pagerduty.com/docs/events-api-v2-overview: the limits of one event. */
const EVENT_BYTES = 512 * 1024;
const DEDUP_KEY_CHARACTERS = 255;
const SUMMARY_CHARACTERS = 1024;

const payloadSchema = z.object({
  summary: z.string().check(z.minLength(1), z.maxLength(SUMMARY_CHARACTERS)),
  source: z.string().check(z.minLength(1)),
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  timestamp: z.optional(z.iso.datetime({ offset: true })),
  component: z.optional(z.string()),
  group: z.optional(z.string()),
  class: z.optional(z.string()),
  custom_details: z.optional(z.record(z.string(), z.unknown())),
});

const head = {
  routing_key: z.string().check(z.length(ROUTING_KEY.length)),
  dedup_key: z.string().check(z.minLength(1), z.maxLength(DEDUP_KEY_CHARACTERS)),
};

const eventSchema = z.discriminatedUnion('event_action', [
  z.object({ ...head, event_action: z.literal('trigger'), payload: payloadSchema }),
  z.object({ ...head, event_action: z.literal('resolve') }),
]);

export async function startPagerDuty(): Promise<PagerDuty> {
  const alerts = new Map<string, Alert>();
  const gate = createGate(REAL_TIME);
  const service: Service = {
    operation: (request) => String(Object(jsonInput(request))['event_action']),
    input: jsonInput,
    answer: async (request) => take(alerts, request),
    refuse: ({ status, message }) => reply(status, { status: 'error', message }),
    throttled: { type: 'Throttled', message: 'Requests are too fast', status: 429 },
  };
  const endpoint = await listen(service, gate);
  return {
    ...endpoint,
    url: `${endpoint.url}/v2/enqueue`,
    routingKey: ROUTING_KEY,
    gate,
    alerts: () => [...alerts.values()],
  };
}

function take(alerts: Map<string, Alert>, request: ServiceRequest): ServiceReply {
  if (request.method !== 'POST' || request.path !== '/v2/enqueue') return reply(404, {});
  if (request.body.length > EVENT_BYTES) return reply(413, {});
  const { success, data, error } = eventSchema.safeParse(jsonInput(request));
  if (!success) return invalid(error.issues.map(({ path }) => `'${path.join('.')}' is invalid`));
  if (data.routing_key !== ROUTING_KEY) return invalid(["'routing_key' is unknown"]);
  const { dedup_key: dedupKey } = data;
  const known = alerts.get(dedupKey);
  const open = known?.status === 'triggered' ? known.payloads : [];
  switch (data.event_action) {
    case 'trigger':
      alerts.set(dedupKey, { dedupKey, status: 'triggered', payloads: [...open, data.payload] });
      break;
    case 'resolve':
      // One that nobody triggered is taken and dropped.
      if (known !== undefined) alerts.set(dedupKey, { ...known, status: 'resolved' });
      break;
  }
  return reply(202, { status: 'success', message: 'Event processed', dedup_key: dedupKey });
}

function invalid(errors: readonly string[]): ServiceReply {
  return reply(400, { status: 'invalid event', message: 'Event object is invalid', errors });
}

function reply(status: number, body: object): ServiceReply {
  const headers = { 'content-type': 'application/json' };
  return { status, headers, body: JSON.stringify(body) };
}
