import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';

const labelsSchema = z.record(z.string(), z.string());

/** What Alertmanager posts to a webhook: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
const notificationSchema = z.object({
  receiver: z.string(),
  groupLabels: labelsSchema,
  alerts: z.array(
    z.object({ status: z.string(), labels: labelsSchema, annotations: labelsSchema }),
  ),
});

export type Notification = z.infer<typeof notificationSchema>;

/** Whom Alertmanager notifies. */
export interface NotificationReceiver {
  readonly url: string;
  /** What was posted to a path, in the order in which it came. */
  notifications(path: string): readonly Notification[];
  close(): Promise<void>;
}

export async function startNotificationReceiver(): Promise<NotificationReceiver> {
  const received: { readonly path: string; readonly notification: Notification }[] = [];
  const server = createServer((request, response) => {
    json(request).then(
      (body) => {
        received.push({ path: request.url ?? '', notification: notificationSchema.parse(body) });
        response.end();
      },
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    notifications: (path) =>
      received.filter((one) => one.path === path).map(({ notification }) => notification),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
