import { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../lab/control-plane/access.ts';
import { type ControlPlane, startControlPlane } from '../../../lab/control-plane/start.ts';
import type { Machines } from '../../../lab/machines/machine.ts';
import { modelledMachines } from '../../../lab/machines/modelled/machines.ts';
import { askDaemonSets, askNodes } from '../../../lambda/ask-kubernetes.ts';
import { kubernetes } from '../../../lambda/systems/kubernetes.ts';
import { until } from '../../lab/aws/ssm/account.ts';
import { json, listed, nodesOf, opened, RECORDER } from './kubernetes-access.ts';
import { smallApiServer } from './small-api-server.ts';
import { deadlineIn, farOff, PASSED } from '../../support/deadlines.ts';

/** As the function asks for. */
const PAGE_SIZE = 500;

describe('the API of a cluster', () => {
  let lab: Machines | undefined;
  let plane: ControlPlane | undefined;
  beforeAll(async () => {
    lab = await modelledMachines();
    plane = await startControlPlane(lab, { discovery: 'aggregated', dialSeconds: 0.5 });
  });
  afterAll(async () => {
    await plane?.close();
    await lab?.close();
  });
  const access = (): string => plane?.kubeconfig ?? '';

  test('tells the nodes, with what flannel annotates, as the core reads them', async () => {
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(access(), RECORDER)), farOff()),
    );
    expect(problems).toEqual([]);
    expect(value?.map(({ name }) => name)).toEqual(lab?.machines.map(({ name }) => name));
    expect(value?.[0]).toMatchObject({
      name: 'master1',
      uid: expect.any(String),
      backend: 'vxlan',
      internalIps: ['192.168.1.140'],
      podCidrs: ['10.68.0.0/24'],
      annotated: [{ family: 'ipv4', mac: '36:9b:9c:53:4a:10', publicIp: '192.168.1.140' }],
      createdAt: expect.any(Number),
    });
  });

  test('shows the DaemonSet that runs flannel', async () => {
    expect(await askDaemonSets(opened(await kubernetes(access(), RECORDER)), farOff())).toEqual({
      kind: 'read',
      value: [
        { namespace: 'kube-system', name: 'canal', strategy: 'RollingUpdate', maxUnavailable: '1' },
      ],
      problems: [],
    });
  });

  test('is asked for nothing outside the namespaces of the CNI', async () => {
    const asked: string[] = [];
    const { kubeconfig } = await smallApiServer(({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}');
    });
    await (await kubernetes(kubeconfig, RECORDER)).daemonSets(farOff());
    expect(new Set(asked.map((url) => url.split('?', 1)[0]))).toEqual(
      new Set(
        ['kube-system', 'kube-flannel', 'calico-system'].map(
          (namespace) => `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
        ),
      ),
    );
  });

  test('is asked again and again through one client', async () => {
    const api = await kubernetes(access(), RECORDER);
    const [one, two] = [await api.nodes(farOff()), await api.nodes(farOff())];
    expect(two).toEqual(one);
  });

  test('refuses a wrong token, which is a problem without the token in it', async () => {
    const stale = access().replace(/token: .*/, 'token: hunter2-is-my-token');
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(stale, RECORDER)), farOff()),
    );
    expect(value).toBeUndefined();
    expect(problems).toEqual([
      { where: 'kubernetes', message: expect.stringMatching(/^listing the nodes: .*\b401\b/) },
    ]);
    expect(problems[0]?.message).not.toContain('hunter2');
  });

  test('that shows a certificate of nobody knows whom is a problem', async () => {
    const { kubeconfig } = await smallApiServer((_request, response) => response.end('{}'));
    const server = /server: .*/.exec(access())?.[0] ?? '';
    const api = await kubernetes(kubeconfig.replace(/server: .*/, server), RECORDER);
    const { value, problems } = listed(await askNodes(opened(api), farOff()));
    expect(value).toBeUndefined();
    expect(problems[0]?.message).toMatch(/^listing the nodes: .*certificate/);
  });

  test('that has gone is a problem', async () => {
    const server = await smallApiServer(() => {});
    await server.close();
    const api = await kubernetes(server.kubeconfig, RECORDER);
    expect(await askNodes(opened(api), farOff())).toEqual({
      kind: 'unread',
      problems: [
        {
          where: 'kubernetes',
          message: expect.stringMatching(/^listing the nodes: .*ECONNREFUSED/),
        },
      ],
    });
    expect(listed(await askDaemonSets(opened(api), farOff())).problems[0]?.message).toMatch(
      /^listing the DaemonSets of the CNI: .*ECONNREFUSED/,
    );
  });
});

describe('pages', () => {
  /** Answers a list of so many nodes as API servers do: by `limit` and `continue`. */
  const listOf =
    (total: number) =>
    ({ url = '' }: { readonly url?: string | undefined }, response: ServerResponse): void => {
      const parameters = new URL(url, 'https://kubernetes').searchParams;
      const start = Number(parameters.get('continue') ?? 0);
      const end = Math.min(total, start + Number(parameters.get('limit') ?? total));
      json(response, 200, {
        kind: 'NodeList',
        apiVersion: 'v1',
        metadata: { resourceVersion: '1', ...(end < total ? { continue: String(end) } : {}) },
        items: Array.from({ length: end - start }, (_, at) => ({
          metadata: { name: `node${start + at}`, creationTimestamp: '2026-11-23T09:00:00Z' },
        })),
      });
    };

  test('are followed to the last', async () => {
    const { kubeconfig, asked } = await smallApiServer(listOf(1234));
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
    );
    expect(problems).toEqual([]);
    expect(value).toHaveLength(1234);
    expect(value?.at(-1)).toMatchObject({
      name: 'node1233',
      createdAt: Date.parse('2026-11-23T09:00:00Z'),
    });
    expect(asked).toHaveLength(3);
    expect(asked[0]).toContain(`limit=${PAGE_SIZE}`);
    expect(asked[2]).toContain('continue=1000');
    // A list from a cache could have nodes that are gone.
    expect(asked.join(' ')).not.toContain('resourceVersion');
  });

  test('of a list without an end are given up', async () => {
    const { kubeconfig, asked } = await smallApiServer((_request, response) =>
      json(response, 200, { metadata: { continue: 'more' }, items: [] }),
    );
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
    );
    expect(value).toBeUndefined();
    expect(problems[0]?.message).toBe('listing the nodes: more than 10000 of them');
    expect(asked).toHaveLength(20);
  });

  test('that expire in the middle leave no half of a list', async () => {
    const { kubeconfig } = await smallApiServer((request, response) =>
      request.url?.includes('continue=')
        ? json(response, 410, { kind: 'Status', reason: 'Expired', code: 410 })
        : listOf(1234)(request, response),
    );
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
    );
    expect(value).toBeUndefined();
    expect(problems[0]?.message).toMatch(/^listing the nodes: .*410/);
  });
});

describe('a server that', () => {
  test('hangs is given up at the deadline, and its connection ended', async () => {
    const server = await smallApiServer(() => {});
    const api = await kubernetes(server.kubeconfig, RECORDER);
    const { value, problems } = listed(await askNodes(opened(api), deadlineIn(1500)));
    expect(value).toBeUndefined();
    expect(problems[0]?.message).toMatch(/^listing the nodes: /);
    expect(server.asked).toHaveLength(1);
    await until(async () => (server.connections() === 0 ? true : undefined));
  });

  test('unpacks into more than a list can be is a problem, and fills no memory', async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, ' '));
    const server = await smallApiServer((_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      });
      response.end(bomb);
    });
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(server.kubeconfig, RECORDER)), farOff()),
    );
    expect(value).toBeUndefined();
    expect(problems[0]?.message).toBe(
      'listing the nodes: the answer is longer than 67108864 bytes',
    );
  });

  test('has too much on all pages together is a problem', async () => {
    const page = gzipSync(
      JSON.stringify({
        metadata: { continue: 'more' },
        items: [{ metadata: { name: 'a', annotations: { long: 'x'.repeat(50 * 1024 * 1024) } } }],
      }),
    );
    const { kubeconfig, asked } = await smallApiServer((_, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(page);
    });
    const { problems } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      'listing the nodes: they have more than 134217728 characters',
    ]);
    expect(asked).toHaveLength(3);
  });

  test('refuses with the token in body and headers is a problem with the status alone', async () => {
    const { kubeconfig } = await smallApiServer(({ headers: { authorization } }, response) => {
      response
        .writeHead(403, { 'content-type': 'application/json', 'x-echo': authorization })
        .end(JSON.stringify({ kind: 'Status', message: authorization }));
    });
    const { problems } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      'listing the nodes: the server answered 403',
    ]);
  });

  test('hangs in the middle of its answer is given up too', async () => {
    const server = await smallApiServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"items":[');
    });
    const { value } = listed(
      await askDaemonSets(opened(await kubernetes(server.kubeconfig, RECORDER)), deadlineIn(1500)),
    );
    expect(value).toBeUndefined();
    await until(async () => (server.connections() === 0 ? true : undefined));
  });

  test('is asked after the deadline is not waited for', async () => {
    const { kubeconfig } = await smallApiServer(() => {});
    const { value } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), PASSED),
    );
    expect(value).toBeUndefined();
  });

  test.for([
    ['a page for people', 200, 'text/html', '<html>sign in</html>'],
    ['a list of nothing', 200, 'application/json', '{"kind":"NodeList"}'],
    ['nothing', 200, 'application/json', 'null'],
    ['half a document', 200, 'application/json', '{"items":['],
    ['an error', 500, 'application/json', '{"kind":"Status","code":500}'],
    ['a book of an error', 503, 'text/plain', 'x'.repeat(1_000_000)],
  ] as const)(
    'answers %s is a problem, reported on one short line',
    async ([, status, contentType, body]) => {
      const { kubeconfig } = await smallApiServer((_request, response) => {
        response.writeHead(status, { 'content-type': contentType });
        response.end(body);
      });
      const { value, problems } = listed(
        await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
      );
      expect(value).toBeUndefined();
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toMatch(/^listing the nodes: .{1,1300}$/);
    },
  );

  test('answers something else in good form shows no nodes', async () => {
    const { kubeconfig } = await smallApiServer((_request, response) =>
      json(response, 200, { kind: 'NodeList', items: [{}, { metadata: { name: '$(reboot)' } }] }),
    );
    const { value, problems } = listed(
      await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()),
    );
    expect(value).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual([
      'not a node\'s name: ""',
      'not a node\'s name: "$(reboot)"',
    ]);
  });
});

describe('a redirect', () => {
  test.for([301, 302, 303, 307, 308])('of status %i is refused', async (status) => {
    const { kubeconfig, asked } = await smallApiServer((request, response) => {
      if (request.url?.startsWith('/elsewhere')) return json(response, 200, { items: [] });
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    const { value, problems } = await nodesOf(kubeconfig);
    expect(value).toBeUndefined();
    expect(problems).toEqual([
      {
        where: 'kubernetes',
        message: `listing the nodes: the server answered ${status}: a redirect, which is refused`,
      },
    ]);
    expect(asked).toHaveLength(1);
  });

  test('reaches no other server', async () => {
    const other = await smallApiServer((_request, response) => json(response, 200, { items: [] }));
    const location = /server: (.*)/.exec(other.kubeconfig)?.[1] ?? '';
    const { kubeconfig } = await smallApiServer((_request, response) => {
      response.writeHead(307, { location }).end();
    });
    await nodesOf(kubeconfig);
    expect(other.asked).toEqual([]);
    expect(other.connections()).toBe(0);
  });
});

describe('a request', () => {
  test('has the token, whom it is made for, and asks for a packed answer', async () => {
    const requests: IncomingHttpHeaders[] = [];
    const { kubeconfig } = await smallApiServer(({ headers }, response) => {
      requests.push(headers);
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync('{"items":[{"metadata":{"name":"node1"}}]}'));
    });
    const config = kubeconfig.replace(/( +)token:/, '$1as: someone\n$1token:');
    const { value } = await nodesOf(config);
    expect(value?.map(({ name }) => name)).toEqual(['node1']);
    expect(requests).toMatchObject([
      { authorization: 'Bearer a-token', 'impersonate-user': 'someone', 'accept-encoding': 'gzip' },
    ]);
  });

  test('without a token has name and password', async () => {
    const requests: IncomingHttpHeaders[] = [];
    const { kubeconfig } = await smallApiServer(({ headers }, response) => {
      requests.push(headers);
      json(response, 200, { items: [] });
    });
    const config = kubeconfig.replace('token: a-token', 'username: me\n    password: secret');
    await nodesOf(config);
    expect(requests).toMatchObject([{ authorization: 'Basic bWU6c2VjcmV0' }]);
  });

  test('shows the client certificate', async () => {
    const client = await makeCertificate(['127.0.0.2']);
    const shown: unknown[] = [];
    const { kubeconfig } = await smallApiServer(
      ({ socket }, response) => {
        shown.push(socket instanceof TLSSocket && socket.getPeerCertificate().fingerprint256);
        json(response, 200, { items: [] });
      },
      { requestCert: true },
    );
    const pem = (text: string): string => Buffer.from(text).toString('base64');
    const keys = `client-certificate-data: ${pem(client.certificate)}\n    client-key-data: ${pem(client.key)}`;
    const config = kubeconfig.replace('token: a-token', keys);
    const { problems } = await nodesOf(config);
    expect(problems).toEqual([]);
    expect(shown).toEqual([new X509Certificate(client.certificate).fingerprint256]);
  });
});

test('without a kubeconfig nothing is asked; with one that is unusable nothing is read', async () => {
  for (const ask of [askNodes, askDaemonSets]) {
    expect(await ask({ kind: 'not-configured' }, farOff())).toEqual({ kind: 'not-configured' });
    expect(await ask({ kind: 'unusable' }, farOff())).toEqual({ kind: 'unread', problems: [] });
  }
});
