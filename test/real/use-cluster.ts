import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest';
import type { PublishedMessage } from '../../lab/aws/sns.ts';
import {
  type ClusterOptions,
  type Deployment,
  DEPLOYMENTS,
  type Looks,
  type RealCluster,
  startCluster,
} from './cluster/cluster.ts';
import { until } from './cluster/daemon.ts';
import { LIMITS } from './cluster/watch.ts';
import { expectFacts, expectSaid, type Right } from './said.ts';

/** The device that flannel makes for its VNI. */
export const DEVICE = 'flannel.1';

/** A real cluster in a test file, and what its tests say of it. */
export interface Stage extends Ticks {
  readonly cluster: RealCluster;
  /** One tick, and what both deployments must say. */
  expectSaid(scenario: string, right: Right): Promise<Looks>;
  /**
   * Types what the last tick says, and expects the cluster to be healthy after it. Where it is a known
   * fault that it is not, the cluster is made healthy in another way.
   */
  expectFixedAsSaid(scenario: string): Promise<void>;
  /** Types what the last tick says, and returns what was refused. */
  typeFix(): Promise<readonly string[]>;
  /** Ends flanneld on a host, starts it again, and waits until all nodes know each other. */
  restart(name: string): Promise<void>;
  /** Waits until a command on each of these hosts prints some text. */
  printed(names: readonly string[], command: string, text: string): Promise<void>;
  /** Waits until no host has a route to this one. */
  forgotten(...names: readonly string[]): Promise<void>;
}

/** The ticks of both deployments. */
interface Ticks {
  /** One tick. Its pages are those since they were last asserted, or since all was last found well. */
  look(): Promise<Looks>;
  /** Looks, and waits until nothing that was seen is new any more. */
  age(): Promise<void>;
  /** Looks until both find the cluster healthy and have resolved what they had paged, or in vain. */
  healed(): Promise<boolean>;
}

interface StageOptions extends Omit<ClusterOptions, 'programs' | 'folder'> {
  /** Whose fixes are typed. */
  readonly reader: Deployment;
}

/** Registers the hooks that start and end a cluster. Its tests are skipped where there can be none. */
export function useCluster({ reader, ...options }: StageOptions): Stage {
  const programs = inject('real');
  const folder = inject('folder');
  let cluster: RealCluster | undefined;
  const running = (): RealCluster => {
    if (cluster === undefined) throw new Error('the cluster does not run');
    return cluster;
  };
  let last: Looks | undefined;
  const ticks = ticking(async () => {
    last = await running().look();
    return last;
  });

  beforeAll(async () => {
    if (programs === undefined) return;
    cluster = await startCluster({ ...options, programs, folder });
    await cluster.settled();
    await ticks.age();
  });
  beforeEach((context) => {
    if (programs === undefined) context.skip('what it takes is missing');
  });
  // What a test that failed has left must not fail those after it.
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && cluster !== undefined) await mend();
  });
  afterAll(async () => {
    await cluster?.close();
  });

  const mend = async (): Promise<boolean> => {
    await repair(running(), options.late);
    await ticks.age();
    return ticks.healed();
  };
  const typeFix = async (): Promise<readonly string[]> => {
    const incident = last?.[reader].report.incidents[0];
    if (incident === undefined) throw new Error('the last tick says nothing to fix');
    return running().typeFix(incident);
  };
  return {
    ...ticks,
    get cluster() {
      return running();
    },
    expectSaid: async (scenario, right) => {
      const looks = await ticks.look();
      expectSaid(scenario, looks, right);
      return looks;
    },
    typeFix,
    expectFixedAsSaid: async (scenario) => {
      const refused = await typeFix();
      // Where the fix does not help, the wait is in vain, and the ticks say so.
      await running()
        .settled({ seconds: 10 })
        .catch(() => {});
      const isHealed = await ticks.healed();
      expectFacts({
        scenario: `fix of: ${scenario}`,
        deployment: reader,
        actual: [...refused, isHealed ? 'fixed' : 'not fixed'],
        right: ['fixed'],
      });
      if (!isHealed) expect(await mend(), `${scenario}, made well in another way`).toBe(true);
    },
    restart: async (name) => {
      const here = running();
      await here.flannel.stop(here.host(name));
      await here.flannel.start(here.host(name));
      await here.settled();
    },
    printed: (names, command, text) =>
      until(`${command} prints ${text} on ${names.join(', ')}`, async () => {
        const outputs = await Promise.all(names.map((name) => running().on(name, command)));
        return outputs.every((output) => output.includes(text));
      }),
    forgotten: async (...names) => {
      const here = running();
      const others = here.hosts.filter((one) => !names.includes(one.name));
      await until(`nobody has a route to ${names.join(' or ')}`, async () => {
        const outputs = await Promise.all(
          others.map((one) => here.on(one.name, 'ip -4 route show')),
        );
        const routes = names.map((name) => `${here.host(name).podCidr} via`);
        return outputs.every((output) => !routes.some((route) => output.includes(route)));
      });
    },
  };
}

function ticking(tick: () => Promise<Looks>): Ticks {
  const unresolved = new Set<string>();
  let pages: Readonly<Record<Deployment, readonly PublishedMessage[]>> = {
    default: [],
    kubeconfig: [],
  };

  const gather = async (): Promise<Looks> => {
    const looks = await tick();
    for (const deployment of DEPLOYMENTS) {
      for (const { attributes } of looks[deployment].pages) {
        const page = `${deployment}: ${attributes['key']}`;
        if (attributes['kind'] === 'resolved') unresolved.delete(page);
        else unresolved.add(page);
      }
    }
    pages = {
      default: [...pages.default, ...looks.default.pages],
      kubeconfig: [...pages.kubeconfig, ...looks.kubeconfig.pages],
    };
    return looks;
  };
  const forget = (): void => {
    pages = { default: [], kubeconfig: [] };
  };
  const isWell = (looks: Looks): boolean =>
    unresolved.size === 0 &&
    DEPLOYMENTS.every((deployment) => looks[deployment].report.verdict === 'healthy');
  const grow = async (): Promise<void> => {
    await sleep((LIMITS.graceSeconds + 1) * 1000);
  };
  return {
    look: async () => {
      const { default: first, kubeconfig: second } = await gather();
      const looks = {
        default: { ...first, pages: pages.default },
        kubeconfig: { ...second, pages: pages.kubeconfig },
      };
      forget();
      return looks;
    },
    age: async () => {
      await gather();
      await grow();
    },
    healed: async () => {
      // What the fix made anew is checked from the third tick on.
      const well =
        isWell(await gather()) ||
        isWell(await gather()) ||
        (await grow().then(async () => isWell(await gather()))) ||
        isWell(await gather());
      if (well) forget();
      return well;
    },
  };
}

/** Makes every device anew, by flanneld itself, and lets those leave that came late. */
async function repair(cluster: RealCluster, late: readonly string[] = []): Promise<void> {
  const { flannel } = cluster;
  for (const name of cluster.present()) {
    if (late.includes(name)) await cluster.leave(name);
  }
  for (const host of cluster.present().map((name) => cluster.host(name))) {
    await flannel.stop(host);
    await cluster.on(host.name, `ip link delete ${DEVICE} 2>/dev/null || true`);
    await flannel.start(host);
  }
  await cluster.settled();
}
