import { once } from 'node:events';
import type { Server } from 'node:net';
import type * as z from 'zod/mini';
import type { Address, readySchema } from './orders.ts';

/** Listens at an address, or at a socket's path. Resolves with the port; 0 for a socket. */
export async function listenOn(server: Server, where: Address | string): Promise<number> {
  if (typeof where === 'string') server.listen(where);
  else server.listen(where.port, where.host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Tells the lab that this program listens. */
export function sayReady(ports: readonly number[]): void {
  const ready: z.infer<typeof readySchema> = { ports: [...ports] };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}
