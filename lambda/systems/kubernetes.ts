import { CNI_NAMESPACES } from '../../shared/core/overlay/restart.ts';
import type { ConfigurationOptions } from '@kubernetes/client-node';
import { abortAt, type Deadline, orLate } from '../deadline.ts';
import type * as Client from './kubernetes-client.ts';
import { requestSpan } from './telemetry/client-spans.ts';
import type { Recorder } from './telemetry/recorder.ts';

/** Lists from the cluster's API, as plain JSON: the core parses them like any captured output. */
export interface Kubernetes {
  nodes(deadline: Deadline): Promise<unknown>;
  /** The DaemonSets in the namespaces of a CNI. */
  daemonSets(deadline: Deadline): Promise<unknown>;
}

/** Objects on one page. The object of a node has some ten kilobytes. */
const PAGE_SIZE = 500;

/** Pages that are read at most: 10,000 objects. */
const PAGES = 20;

/**
 * Of all pages together, as JSON. 5,000 nodes have some 80 MB; a list of 300 MB took the function 2.3 GiB,
 * which is more than it has.
 */
const LIST_CHARACTERS = 128 * 1024 * 1024;

/**
 * Opens the API of a kubeconfig. Throws where the kubeconfig cannot be read or asks for what is refused.
 * The client is imported here, when it is first needed: it is five times as large as all other code, and
 * most clusters are monitored without it.
 */
export async function kubernetes(kubeconfig: string, recorder: Recorder): Promise<Kubernetes> {
  const client = await import('./kubernetes-client.ts');
  const { api, apps, server } = client.openApi(kubeconfig);
  const listing = (
    { name, doing }: { readonly name: ListSpan; readonly doing: string },
    deadline: Deadline,
    list: (page: Page, options: ConfigurationOptions) => Promise<Answer>,
  ): Promise<readonly object[]> =>
    allPages(doing, async (page) =>
      requestSpan(recorder, { name, method: 'GET', url: server }, async (answered) =>
        bounded(doing, deadline, list(page, endingAt(client, { deadline, answered }))),
      ),
    );
  return {
    nodes: async (deadline) => ({
      items: await listing(NODES, deadline, (page, options) => api.listNode(page, options)),
    }),
    daemonSets: async (deadline) => {
      const lists = CNI_NAMESPACES.map((namespace) =>
        listing(DAEMONSETS, deadline, (page, options) =>
          apps.listNamespacedDaemonSet({ ...page, namespace }, options),
        ),
      );
      return { items: (await Promise.all(lists)).flat() };
    },
  };
}

type ListSpan = 'GET /api/v1/nodes' | 'GET /apis/apps/v1/daemonsets';

const NODES = { name: 'GET /api/v1/nodes', doing: 'listing the nodes' } as const;
const DAEMONSETS = {
  name: 'GET /apis/apps/v1/daemonsets',
  doing: 'listing the DaemonSets of the CNI',
} as const;

/**
 * Ends the request at the deadline: a server that hangs would keep its connection for ever. A redirect
 * is refused, since it would carry the token to an address that is not configured.
 */
function endingAt(
  { Observable }: typeof Client,
  {
    deadline,
    answered,
  }: { readonly deadline: Deadline; readonly answered: (status: number) => void },
): ConfigurationOptions {
  const signal = abortAt(deadline);
  return {
    middleware: [
      {
        pre: (request) => {
          request.setSignal(signal);
          return new Observable(Promise.resolve(request));
        },
        post: (response) => {
          const { httpStatusCode: status } = response;
          answered(status);
          return new Observable(
            status >= 300 ? Promise.reject(refusedWith(status)) : Promise.resolve(response),
          );
        },
      },
    ],
    middlewareMergeStrategy: 'append',
  };
}

/**
 * The status alone. The client's own error quotes the answer with its headers, and a proxy may answer
 * with the token that it was sent.
 */
function refusedWith(status: number): Error {
  const reason = status < 400 ? ': a redirect, which is refused' : '';
  return Object.assign(new Error(`the server answered ${status}${reason}`), { code: status });
}

/**
 * Without `resourceVersion` the list is of the moment: with 0 it could be of a cache that is minutes old,
 * and a node that has just left would look lost.
 */
interface Page {
  readonly limit: number;
  readonly _continue?: string;
}

/** The client's types promise a list, but whatever answers at that address may return anything. */
type Answer = Listing | null | undefined;

interface Listing {
  readonly items?: readonly object[];
  readonly metadata?: { readonly _continue?: string };
}

async function allPages(
  doing: string,
  list: (page: Page) => Promise<Answer>,
): Promise<readonly object[]> {
  const items: object[] = [];
  let next: string | undefined;
  let characters = 0;
  for (let page = 0; page < PAGES; page++) {
    const request =
      next === undefined ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, _continue: next };
    const listing = await list(request);
    if (listing?.items === undefined) throw new Error(`${doing}: the answer is no list`);
    // The client makes classes and dates of the JSON; this makes plain objects and text of them again.
    for (const item of listing.items) {
      const json = JSON.stringify(item);
      characters += json.length;
      if (characters > LIST_CHARACTERS) {
        throw new Error(`${doing}: they have more than ${LIST_CHARACTERS} characters`);
      }
      items.push(plainObject(json));
    }
    next = listing.metadata?._continue || undefined;
    if (next === undefined) return items;
  }
  throw new Error(`${doing}: more than ${PAGES * PAGE_SIZE} of them`);
}

function plainObject(json: string): object {
  const copy: unknown = JSON.parse(json);
  return typeof copy === 'object' && copy !== null ? copy : {};
}

async function bounded<T>(doing: string, deadline: Deadline, work: Promise<T>): Promise<T> {
  try {
    return await orLate(work, deadline, () => {
      throw noAnswer();
    });
  } catch (cause) {
    throw new Error(doing, { cause });
  }
}

function noAnswer(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}
