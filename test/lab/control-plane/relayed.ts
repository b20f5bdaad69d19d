import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';

interface Reply {
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

export function loaded(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}

/** Asks for a path by a kubeconfig, with the credentials that are in it unless others are given. */
export async function get(
  kubeconfig: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const config = loaded(kubeconfig);
  const cluster = config.getCurrentCluster();
  const token = config.getCurrentUser()?.token;
  return new Promise((resolve, reject) => {
    const asked = request(`${cluster?.server}${path}`, {
      ca: Buffer.from(cluster?.caData ?? '', 'base64'),
      headers: { authorization: `Bearer ${token}`, ...headers },
      agent: false,
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      const { statusCode: status, headers: answered } = response;
      text(response).then(
        (body) => resolve({ status, contentType: answered['content-type'], body }),
        reject,
      );
    });
    asked.end();
  });
}
