import { once } from 'node:events';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

/** An API server that answers plain HTTP with what it is given by path, and 503 elsewhere with a
 * complaint of the given text. Gives its port. */
export async function strangeServer(
  documents: Readonly<Record<string, string>>,
  complaint: string,
): Promise<number> {
  const server = createServer((request, response) => {
    const found = documents[request.url?.split('?')[0] ?? ''];
    response.setHeader('content-type', 'application/json');
    if (found === undefined) response.statusCode = 503;
    response.end(found ?? status(complaint));
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function status(message: string): string {
  const told = { message, reason: 'ServiceUnavailable', code: 503 };
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...told });
}
