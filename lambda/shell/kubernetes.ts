import type { CoreV1Api } from '@kubernetes/client-node';
import { type Deadline, remaining } from '../deadline.ts';

/** The cluster's own word, as plain JSON: the core reads it like any other captured output. */
export interface Kubernetes {
  nodes(deadline: Deadline): Promise<unknown>;
  /** The pods that run flanneld. */
  flannelPods(deadline: Deadline): Promise<unknown>;
}

/** Objects a page; a node's object is some ten kilobytes. */
const PAGE_SIZE = 500;

/** Pages that are read at most: 10,000 objects. */
const PAGES = 20;

/** canal, RKE2 and kubespray label their pods by `k8s-app`, flannel's own manifest by `app`. */
const FLANNEL_SELECTORS = ['k8s-app=canal', 'k8s-app=flannel', 'app=flannel'] as const;

/**
 * The client is loaded when it is first needed: it is five times the size of all the rest, and most
 * clusters are watched without it.
 */
export async function kubernetes(kubeconfig: string): Promise<Kubernetes> {
  const { CoreV1Api: Api, KubeConfig } = await import('./kubernetes-client.ts');
  const config = new KubeConfig();
  try {
    config.loadFromString(kubeconfig);
  } catch (cause) {
    throw new Error('reading the kubeconfig: it is not one', { cause });
  }
  const api = config.makeApiClient(Api);
  return {
    nodes: async (deadline) => ({
      items: await allPages('listing the nodes', deadline, (page) => api.listNode(page)),
    }),
    flannelPods: async (deadline) => ({
      items: (
        await Promise.all(
          FLANNEL_SELECTORS.map((labelSelector) => podsBy(api, labelSelector, deadline)),
        )
      ).flat(),
    }),
  };
}

async function podsBy(
  api: CoreV1Api,
  labelSelector: string,
  deadline: Deadline,
): Promise<readonly object[]> {
  return await allPages('listing the pods of flannel', deadline, (page) =>
    api.listPodForAllNamespaces({ ...page, labelSelector }),
  );
}

interface Page {
  readonly limit: number;
  readonly _continue?: string;
}

interface Listing {
  readonly items: readonly object[];
  readonly metadata?: { readonly _continue?: string };
}

async function allPages(
  doing: string,
  deadline: Deadline,
  list: (page: Page) => Promise<Listing>,
): Promise<readonly object[]> {
  const items: object[] = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const request =
      next === undefined ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, _continue: next };
    const listing = await bounded(doing, deadline, list(request));
    // Dates become their ISO text again, and the client's classes plain objects.
    items.push(...listing.items.map((item) => plainObject(item)));
    next = listing.metadata?._continue || undefined;
    if (next === undefined) return items;
  }
  throw new Error(`${doing}: more than ${PAGES * PAGE_SIZE} of them`);
}

function plainObject(item: object): object {
  const copy: unknown = JSON.parse(JSON.stringify(item));
  return typeof copy === 'object' && copy !== null ? copy : {};
}

async function bounded<T>(doing: string, deadline: Deadline, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), remaining(deadline));
  });
  try {
    return await Promise.race([work, late]);
  } catch (cause) {
    throw new Error(doing, { cause });
  } finally {
    clearTimeout(timer);
  }
}
