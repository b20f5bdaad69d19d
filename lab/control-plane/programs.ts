import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import type { Machine } from '../machines/machine.ts';
import { exitOf, killGroup } from '../machines/process-end.ts';
import { readySchema } from './orders.ts';

/** A program of the control plane that runs on a machine. */
export interface Program {
  /** Where it listens, in the order of its addresses. */
  readonly ports: readonly number[];
  /** The latest lines of its log, at most 50. */
  log(): readonly string[];
  stop(): Promise<void>;
}

const READY_SECONDS = 20;
const LOG_LINES = 50;

/** Starts one of this directory's programs with its order, and waits until it listens. */
export async function startProgram(
  machine: Machine,
  file: 'api-server.ts' | 'metrics-pod.ts',
  order: object,
): Promise<Program> {
  const what = `starting ${file} on ${machine.name}`;
  const child = machine.spawn([process.execPath, path.join(import.meta.dirname, file)], {
    stdin: JSON.stringify(order),
  });
  if (child.stdout === null || child.stderr === null) throw new Error(`${what}: it has no output`);

  let log: readonly string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    log = [...log, line].slice(-LOG_LINES);
  });
  const stop = async (): Promise<void> => {
    killGroup(child);
    await exitOf(child);
  };

  const lines = createInterface({ input: child.stdout });
  const timer = setTimeout(() => killGroup(child), READY_SECONDS * 1000);
  try {
    const line = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('error', reject);
      child.once('close', () => reject(new Error(log.join('\n'))));
    });
    return { ports: readySchema.parse(JSON.parse(line)).ports, log: () => log, stop };
  } catch (cause) {
    await stop();
    throw new Error(what, { cause });
  } finally {
    clearTimeout(timer);
  }
}

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
