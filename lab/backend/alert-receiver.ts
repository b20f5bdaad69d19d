import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';

/** An alert began to fire, or was taken back. */
export interface AlertChange {
  readonly kind: 'fires' | 'resolves';
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** When it was received. */
  readonly at: Date;
}

/** What Alertmanager is to Prometheus and to vmalert: its API v2, as far as they use it. */
export interface AlertReceiver {
  readonly url: string;
  /** In the order in which they came. */
  changes(): readonly AlertChange[];
  /** Those that fire now. */
  firing(): readonly AlertChange[];
  close(): Promise<void>;
}

/** `postableAlerts` of Alertmanager's api/v2/openapi.yaml. One that fires ends in the future. */
const postedSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z._default(z.record(z.string(), z.string()), {}),
    endsAt: z.pipe(
      z.string(),
      z.transform((text) => new Date(text)),
    ),
  }),
);

/** `heard` is told of every change as it comes. */
export async function startAlertReceiver(
  heard: (change: AlertChange) => void,
): Promise<AlertReceiver> {
  const changes: AlertChange[] = [];
  const firing = new Map<string, AlertChange>();
  const server = createServer((request, response) => {
    receive(request).then(
      (alerts) => {
        alerts.forEach(note);
        response.writeHead(200).end();
      },
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  const note = ({ labels, annotations, endsAt }: Posted): void => {
    const key = JSON.stringify(labels, Object.keys(labels).toSorted());
    const at = new Date();
    const kind = endsAt > at ? 'fires' : 'resolves';
    // An alert is posted again and again while it fires, and for a while after.
    if (firing.has(key) === (kind === 'fires')) return;
    const change = { kind, alert: labels['alertname'] ?? '', labels, annotations, at } as const;
    changes.push(change);
    if (kind === 'fires') firing.set(key, change);
    else firing.delete(key);
    heard(change);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    changes: () => [...changes],
    firing: () => [...firing.values()],
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

type Posted = z.infer<typeof postedSchema>[number];

async function receive(request: IncomingMessage): Promise<readonly Posted[]> {
  if (request.method !== 'POST' || request.url !== '/api/v2/alerts') {
    throw new Error(`${request.method} ${request.url} is not what Alertmanager's clients ask`);
  }
  return postedSchema.parse(await json(request));
}
