/**
 * Access to an API server: what is used of the Kubernetes client. Named here, the bundler can leave out
 * the rest of it; an `import()` of the package itself would take everything. The client's own ways to
 * authenticate and to connect are not used: they run programs, read files and follow redirects.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { createGunzip } from 'node:zlib';
import {
  AppsV1Api,
  CoreV1Api,
  createConfiguration,
  loadYaml,
  Observable,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { USER_AGENT } from '../../shared/contract/version.ts';
import { type ApiAccess, readKubeconfig } from './kubeconfig.ts';
import { PROXY } from './outside.ts';

export { Observable };

interface OpenApi {
  readonly api: CoreV1Api;
  readonly apps: AppsV1Api;
  /** Absolute URL of the API server. */
  readonly server: string;
}

/** Throws where the kubeconfig cannot be read or asks for what is refused. */
export function openApi(kubeconfig: string): OpenApi {
  const access = readKubeconfig(parsed(kubeconfig));
  const { server, authorization, impersonated } = access;
  const headers = {
    'user-agent': USER_AGENT,
    'accept-encoding': 'gzip',
    authorization,
    'impersonate-user': impersonated,
  };
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    httpApi: wrapHttpLibrary({ send: async (request) => await send(access, request, headers) }),
  });
  return {
    api: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    server,
  };
}

/** Undefined where it is no YAML: the error quotes the lines around the mistake. */
function parsed(kubeconfig: string): unknown {
  try {
    return loadYaml(kubeconfig);
  } catch {
    return undefined;
  }
}

/** One call, on a connection of its own. A redirect is returned, not followed. */
async function send(
  { tls }: ApiAccess,
  request: RequestContext,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<ResponseContext> {
  const signal = request.getSignal();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpsRequest(
      request.getUrl(),
      {
        method: request.getHttpMethod(),
        headers: { ...request.getHeaders(), ...defined(headers) },
        ...defined(tls),
        // Even where NODE_TLS_REJECT_UNAUTHORIZED is 0.
        rejectUnauthorized: true,
        agent: new Agent({ keepAlive: false, ...PROXY }),
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    )
      .on('error', reject)
      .end();
  });
  const body = await bodyOf(response);
  const stated = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
  return new ResponseContext(response.statusCode ?? 0, Object.fromEntries(stated), {
    text: async () => body,
    binary: async () => Buffer.from(body),
    stream: () => null,
  });
}

/** The body as text, unpacked. The connection ends with it, whether it could be read or not. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  try {
    if (response.headers['content-encoding'] !== 'gzip') return await boundedText(response);
    const unpacked = createGunzip();
    response.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
    return await boundedText(unpacked);
  } finally {
    response.destroy();
  }
}

/** The longest body that is read, unpacked: a page of 500 nodes has some 8 MB. */
const BODY_BYTES = 64 * 1024 * 1024;

/** The whole body as text. Throws where it is longer: a server must not fill the function's memory. */
async function boundedText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new Error(`the answer is longer than ${BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function defined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
