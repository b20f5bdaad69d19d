import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Server } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../../../lab/control-plane/access.ts';

const PROGRAM = path.join(import.meta.dirname, 'outside-program.ts');

/** Starts a server on 127.0.0.1, and returns its port. */
async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** A service with a certificate of an authority of its own. */
async function privateService(): Promise<{ readonly url: string; readonly certificate: string }> {
  const { certificate, key } = await makeCertificate(['127.0.0.1']);
  const server = createHttpsServer({ cert: certificate, key }, (request, response) => {
    const body = request.url?.startsWith('/api/v1/nodes') === true ? '{"items":[]}' : '{}';
    request
      .resume()
      .on('end', () => response.setHeader('content-type', 'application/json').end(body));
  });
  return { url: `https://127.0.0.1:${await listening(server)}`, certificate };
}

/** A proxy, and the hosts to which it was asked to connect. */
async function runningProxy(): Promise<{
  readonly url: string;
  readonly asked: readonly string[];
}> {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    const target = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const end of [target, socket]) end.on('error', () => target.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(proxy)}`, asked };
}

async function callsOf(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const env = {
    PATH: process.env['PATH'],
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'lab',
    AWS_SECRET_ACCESS_KEY: 'lab',
    ...environment,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...words], { env });
  return JSON.parse(stdout);
}

const ALL_WELL = { nodes: { items: [] }, page: 200, parameter: 200, metrics: [] };

describe('calls of the function to the world outside', () => {
  test('trust the authorities of the settings', async () => {
    const { url, certificate } = await privateService();
    expect(await callsOf([url, certificate])).toEqual(ALL_WELL);
    expect(await callsOf([url])).toMatchObject({
      nodes: 'Error: listing the nodes',
      page: expect.stringMatching(/SELF_SIGNED/),
      parameter: expect.stringMatching(/self-signed/),
      metrics: [{ reason: expect.stringMatching(/self-signed/) }],
    });
  });

  test('go through the proxy of the settings, but for the hosts that need none', async () => {
    const { url, certificate } = await privateService();
    const proxy = await runningProxy();
    const through = { HTTPS_PROXY: proxy.url };
    expect(await callsOf([url, certificate], through)).toEqual(ALL_WELL);
    expect(proxy.asked).toEqual(Array.from({ length: 4 }, () => new URL(url).host));

    expect(await callsOf([url, certificate], { ...through, NO_PROXY: '127.0.0.1' })).toEqual(
      ALL_WELL,
    );
    expect(proxy.asked).toHaveLength(4);
  });
});
