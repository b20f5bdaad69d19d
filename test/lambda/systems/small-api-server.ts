import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { kubeconfig, makeCertificate } from '../../../lab/control-plane/access.ts';

/** An HTTPS server that says what a test has it say, where the lab's API server would not. */
interface SmallApiServer {
  readonly kubeconfig: string;
  /** Paths with their queries, in the order in which they were asked for. */
  readonly asked: readonly string[];
  /** Connections that are open now. */
  connections(): number;
  /** Refuses connections from now on; done in any case when the test is over. */
  close(): Promise<void>;
}

export async function smallApiServer(
  answer: RequestListener,
  options: { readonly requestCert?: boolean } = {},
): Promise<SmallApiServer> {
  const tls = await makeCertificate(['127.0.0.1']);
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const secure = { ...options, cert: tls.certificate, key: tls.key, rejectUnauthorized: false };
  const server = createServer(secure, (request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(close);
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    kubeconfig: kubeconfig({ server: `https://127.0.0.1:${port}`, tls, token: 'a-token' }),
    asked,
    connections: () => sockets.size,
    close,
  };
}
