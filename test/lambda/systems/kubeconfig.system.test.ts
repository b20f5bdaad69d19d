import { describe, expect, test } from 'vitest';
import { errorText } from '../../../lambda/error-text.ts';
import { kubernetes } from '../../../lambda/systems/kubernetes.ts';
import { json, nodesOf, RECORDER } from './kubernetes-access.ts';
import { smallApiServer } from './small-api-server.ts';

describe('a kubeconfig that', () => {
  const TOKEN = 'hunter2-is-my-token';

  test.for([
    ['is empty', ''],
    ['is null', 'null'],
    ['is a text', 'hello'],
    ['has no clusters', 'apiVersion: v1\nkind: Config\n'],
    ['is no YAML, with a token in it', `users:\n- user:\n    token: ${TOKEN}\n   x: [`],
    ['names a context that is not there', 'clusters: []\ncurrent-context: gone\n'],
    ['has words for lists', `users: ${TOKEN}\nclusters: 8\n`],
  ] as const)('%s is an error that quotes nothing of it', async ([, text]) => {
    const said = await kubernetes(text, RECORDER).then(() => '', errorText);
    expect(said).toBe(
      'reading the kubeconfig: it is not one, or its current context names no cluster',
    );
  });
});

describe('what a kubeconfig may not ask for', () => {
  const DATA = Buffer.from('not read').toString('base64');
  const USER = { token: 'hunter2-is-my-token' };
  const CLUSTER = { server: 'https://127.0.0.1:1', 'certificate-authority-data': DATA };

  /** JSON is YAML. */
  function configOf({
    user = USER,
    cluster = CLUSTER,
  }: {
    user?: object;
    cluster?: object;
  }): string {
    return JSON.stringify({
      'current-context': 'prod',
      contexts: [{ name: 'prod', context: { cluster: 'c1', user: 'admin' } }],
      clusters: [{ name: 'c1', cluster }],
      users: [{ name: 'admin', user }],
    });
  }

  async function errorOf(config: string): Promise<string> {
    return kubernetes(config, RECORDER).then(() => '', errorText);
  }

  test.for([
    [
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'touch' } },
      /exec.*program/,
    ],
    [{ 'auth-provider': { name: 'oidc', config: {} } }, /auth-provider.*program/],
    [{ tokenFile: '/etc/passwd' }, /tokenFile.*file; use token/],
    [{ 'token-file': '/etc/passwd' }, /token-file.*file; use token/],
    [{ 'client-certificate': '/etc/passwd' }, /client-certificate.*use client-certificate-data/],
    [{ 'client-key': '/etc/passwd' }, /client-key.*use client-key-data/],
  ] as const)('in its user: %j', async ([keys, sentence]) => {
    const said = await errorOf(configOf({ user: { ...USER, ...keys } }));
    expect(said).toMatch(/^reading the kubeconfig: user "admin" has [^"]*$/);
    expect(said).toMatch(sentence);
    expect(said).not.toMatch(/hunter2|passwd/);
  });

  test.for([
    [{ 'certificate-authority': '/etc/passwd' }, /authority, .*use certificate-authority-data/],
    [{ 'insecure-skip-tls-verify': true }, /insecure-skip-tls-verify.*use certificate-authority/],
    [{ 'proxy-url': 'http://hunter2@proxy' }, /proxy-url.*remove it/],
    [{ server: 'http://hunter2' }, /server that is no https address/],
    [{ server: 'hunter2' }, /server that is no https address/],
    [{ server: 'https://hunter2:port' }, /server that is no https address/],
  ] as const)('in its cluster: %j', async ([keys, sentence]) => {
    const said = await errorOf(configOf({ cluster: { ...CLUSTER, ...keys } }));
    expect(said).toMatch(/^reading the kubeconfig: cluster "c1" has [^"]*$/);
    expect(said).toMatch(sentence);
    expect(said).not.toMatch(/hunter2|passwd/);
  });

  test('is named at once, all of it', async () => {
    const user = { exec: { command: 'touch' }, 'client-key': '/etc/passwd' };
    const said = await errorOf(
      configOf({ user, cluster: { ...CLUSTER, 'proxy-url': 'socks5://p' } }),
    );
    for (const key of ['exec', 'client-key', 'proxy-url']) expect(said).toContain(`has ${key},`);
  });

  test('is nothing where the key has no value', async () => {
    const user = { ...USER, exec: null, 'client-key': '' };
    const cluster = { ...CLUSTER, 'insecure-skip-tls-verify': false, 'proxy-url': '' };
    expect(await errorOf(configOf({ user, cluster }))).toBe('');
  });

  test('is nothing where no context that counts uses it', async () => {
    const { kubeconfig } = await smallApiServer((_request, response) =>
      json(response, 200, { kind: 'NodeList', items: [] }),
    );
    const moved = kubeconfig
      .replace(
        /^users:\n/m,
        `users:\n- name: other
  user: { exec: { command: touch }, token-file: /nowhere }
- no user at all
`,
      )
      .replace(
        /^clusters:\n/m,
        `clusters:\n- name: other
  cluster: { server: 'http://other', proxy-url: 'http://proxy', insecure-skip-tls-verify: true }
- no cluster at all
`,
      );
    const { problems } = await nodesOf(moved);
    expect(problems).toEqual([]);
  });

  test('names a user that it does not have, made safe to show', async () => {
    const config = configOf({}).replace('"user":"admin"', '"user":"\\u001b[31mgone"');
    expect(await errorOf(config)).toBe(
      'reading the kubeconfig: it has no user "?[31mgone", or a malformed one',
    );
  });
});
