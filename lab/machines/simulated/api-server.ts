import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { kubeconfig, makeCertificate } from '../../control-plane/access.ts';
import { nodeObjects } from '../../control-plane/objects.ts';
import type { Host } from '../machine.ts';

/** An API server that knows the nodes of a simulated cluster, page by page, and no pods. */
interface NodeListServer {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

interface NodeListOptions {
  readonly hosts: readonly Host[];
  /** Bytes that each node's object has besides, as a kubelet's list of images. Default 0. */
  readonly imageBytes?: number;
}

export async function startNodeListServer(options: NodeListOptions): Promise<NodeListServer> {
  const token = randomUUID();
  const tls = await makeCertificate(['127.0.0.1']);
  const nodes = nodesOf(options).map((node) => JSON.stringify(node));
  const server = createServer({ cert: tls.certificate, key: tls.key }, (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end(JSON.stringify({ kind: 'Status', code: 401 }));
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://kubernetes');
    if (pathname === '/api/v1/nodes') response.end(page('NodeList', nodes, searchParams));
    else if (pathname === '/api/v1/pods') response.end(page('PodList', [], searchParams));
    else response.writeHead(404).end(JSON.stringify({ kind: 'Status', code: 404 }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port on 127.0.0.1.');
  return {
    kubeconfig: kubeconfig({ server: `https://127.0.0.1:${address.port}`, tls, token }),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function nodesOf({ hosts, imageBytes = 0 }: NodeListOptions): readonly object[] {
  const images = imageBytes === 0 ? [] : [{ names: ['x'.repeat(imageBytes)], sizeBytes: 1 }];
  return nodeObjects(hosts, Date.now()).map((node) => {
    return { ...node, status: { ...node.status, images } };
  });
}

/** The token of a page is where the next one begins: the list does not change. */
function page(kind: string, items: readonly string[], parameters: URLSearchParams): string {
  const from = Number(parameters.get('continue') ?? 0);
  const size = Number(parameters.get('limit') ?? 0) || items.length;
  const next = from + size < items.length ? String(from + size) : '';
  const metadata = JSON.stringify({ resourceVersion: '1', continue: next });
  const shown = items.slice(from, from + size).join(',');
  return `{"kind":"${kind}","apiVersion":"v1","metadata":${metadata},"items":[${shown}]}`;
}
