/**
 * Access to an API server: what is used of the Kubernetes client. Named here, the bundler can leave out
 * the rest of it; an `import()` of the package itself would take everything. The client's own ways to
 * authenticate and to connect are not used: they run programs, read files and follow redirects.
 */
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import {
  CoreV1Api,
  createConfiguration,
  loadYaml,
  Observable,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { type ApiAccess, readKubeconfig } from './kubeconfig.ts';

export { Observable };

interface OpenApi {
  readonly api: CoreV1Api;
  /** Absolute URL of the API server. */
  readonly server: string;
}

/** Throws where the kubeconfig cannot be read or asks for what is refused. */
export function openApi(kubeconfig: string): OpenApi {
  const access = readKubeconfig(parsed(kubeconfig));
  const { server, authorization, impersonated } = access;
  const headers = {
    'user-agent': 'vtepwatch',
    'accept-encoding': 'gzip',
    authorization,
    'impersonate-user': impersonated,
  };
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    httpApi: wrapHttpLibrary({ send: async (request) => await send(access, request, headers) }),
  });
  return { api: new CoreV1Api(configuration), server };
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
        agent: false,
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    )
      .on('error', reject)
      .end();
  });
  const isPacked = response.headers['content-encoding'] === 'gzip';
  const body = await (isPacked ? pipeline(response, createGunzip(), text) : text(response));
  const stated = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
  return new ResponseContext(response.statusCode ?? 0, Object.fromEntries(stated), {
    text: async () => body,
    binary: async () => Buffer.from(body),
    stream: () => null,
  });
}

function defined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
