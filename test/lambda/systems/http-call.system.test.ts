import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../../../lab/control-plane/access.ts';
import { httpCall } from '../../../lambda/systems/http-call.ts';
import { deadlineIn, farOff } from '../../support/deadlines.ts';

/** A server that answers every connection's first bytes so, whatever HTTP says of it. */
async function raw(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${await portOf(server)}/s3cret`;
}

async function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

describe('an answer', () => {
  test('is its status and the beginning of its text', async () => {
    const body = 'x'.repeat(100_000);
    const url = await raw((socket) => {
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const answer = await httpCall({ method: 'GET', url }, farOff());
    expect(answer).toEqual({ status: 404, body: 'x'.repeat(8192) });
  });

  test('counts from its status on, however it goes on', async () => {
    for (const status of [202, 404]) {
      const url = await raw((socket) => {
        socket.write(`HTTP/1.1 ${status} Said\r\ncontent-length: 100\r\n\r\nthe beginning`);
      });
      const answer = await httpCall({ method: 'POST', url, body: 'x' }, deadlineIn(500));
      expect(answer).toEqual({ status, body: status === 404 ? 'the beginning' : '' });
    }
  });

  test('comes on a connection of its own, which nobody keeps', async () => {
    const requests: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        requests.push(data.toString());
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${await portOf(server)}/`;
    await httpCall({ method: 'GET', url }, farOff());
    await httpCall({ method: 'GET', url }, farOff());
    expect(requests).toHaveLength(2);
    for (const request of requests) expect(request.toLowerCase()).toContain('connection: close');
  });
});

describe('no answer is an error that does not name the address', () => {
  test.for([
    ['nonsense', 'SSH-2.0-OpenSSH_9.2\r\n', 'no answer: HPE_INVALID_CONSTANT'],
    ['half of a header', 'HTTP/1.1 200 OK\r\ncontent-le', 'no answer: ECONNRESET'],
    ['nothing', '', 'no answer: ECONNRESET'],
  ] as const)('%s', async ([, text, error]) => {
    const url = await raw((socket) => socket.end(text));
    await expect(httpCall({ method: 'GET', url }, farOff())).rejects.toThrow(error);
  });

  test('a header without an end', async () => {
    const url = await raw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`);
    });
    await expect(httpCall({ method: 'GET', url }, farOff())).rejects.toThrow(
      'no answer: HPE_HEADER_OVERFLOW',
    );
  });

  test('a certificate that nobody vouches for', async () => {
    const { certificate: cert, key } = await makeCertificate(['127.0.0.1']);
    let asked = false;
    const server = createSecureServer({ cert, key }, () => {
      asked = true;
    });
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${await portOf(server)}/s3cret`;
    const error = await httpCall({ method: 'POST', url, body: 'secret' }, farOff()).catch(String);
    expect(error).toBe('Error: no answer: DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(asked).toBe(false);
  });

  test('a name that nobody has', async () => {
    const url = 'https://s3cret.invalid/s3cret';
    const error = await httpCall({ method: 'GET', url }, farOff()).catch(String);
    expect(error).toMatch(/^Error: no answer: (ENOTFOUND|EAI_AGAIN)$/);
  });
});
