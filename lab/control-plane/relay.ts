import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';

interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

/** Passes every connection to a port of 127.0.0.1 on to the first of these sockets that takes it:
 * what a load balancer before the masters does. */
export async function startRelay(sockets: readonly string[]): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    track(near);
    passOn(near, sockets);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    port: address.port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      open.forEach((socket) => socket.destroy());
      await closed;
    },
  };

  function track(socket: Socket): void {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  }

  function passOn(near: Socket, [first, ...others]: readonly string[]): void {
    if (first === undefined) {
      near.destroy();
      return;
    }
    const far = connect(first);
    track(far);
    const next = (): void => passOn(near, others);
    far.once('error', next);
    far.once('connect', () => {
      far.removeListener('error', next);
      pipeline(near, far, near, () => {});
    });
  }
}
