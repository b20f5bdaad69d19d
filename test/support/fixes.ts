import type { Fix } from '../../shared/contract/report.ts';
import type { Finding } from '../../shared/core/diagnose/finding.ts';
import { type Circumstances, fixesIn } from '../../shared/core/fix/fix.ts';
import { type Judgement, judge } from '../../shared/core/judge.ts';
import type { DaemonSet } from '../../shared/core/overlay/restart.ts';
import type { Install } from '../../shared/core/overlay/vtep.ts';
import { type Cluster, LIMITS } from './cluster.ts';

/** The key of the incident that the fixes belong to. */
export const KEY = 'prod/subject/master1';

/** The fixes of a judgement, of which nothing else is known where nothing else is given. */
export function fixesOf(
  judgement: Judgement,
  circumstances: Partial<Circumstances> = {},
): (finding: Finding) => readonly Fix[] {
  const fixes = fixesIn(judgement, {
    daemonSets: [],
    latencies: [],
    limits: LIMITS,
    site: undefined,
    ...circumstances,
  });
  return (finding) => fixes(finding, KEY);
}

/** A command for entries as it stands in a fix: nothing on the owner, nothing without the device. */
export function guarded(
  { tunnelIp, mac }: { readonly tunnelIp?: string | undefined; readonly mac?: string | undefined },
  commands: string,
  device = 'flannel.1',
): string {
  return `case $(ip addr show dev ${device} 2>/dev/null) in *[!0-9a-f.:]${tunnelIp}/*|*${mac}*) ;; */32*) ${commands} ;; esac`;
}

export function fixed(damaged: Cluster, daemonSets: readonly DaemonSet[] = []): readonly Fix[] {
  const judgement = judge(damaged.facts());
  return judgement.findings.flatMap(fixesOf(judgement, { daemonSets }));
}

/** `node2$ ip neigh …`, as if it were typed there. */
export function typed(damaged: Cluster, daemonSets: readonly DaemonSet[] = []): readonly string[] {
  return fixed(damaged, daemonSets).flatMap(({ hosts, runs, commands }) =>
    (runs === 'anywhere' ? ['kubectl'] : hosts).flatMap((host) =>
      commands.map((command) => `${host}$ ${command}`),
    ),
  );
}

export function installed(damaged: Cluster, install: Install | undefined, master = false): Cluster {
  return damaged.names.reduce(
    (sofar, name) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        host: {
          ...answer.host,
          install,
          kubeconfig: master ? '/etc/rancher/k3s/k3s.yaml' : undefined,
        },
      })),
    damaged,
  );
}

/** A listed DaemonSet; canal's, where nothing else is said of it. */
export function rolling(changes: Partial<DaemonSet>): DaemonSet {
  return {
    namespace: 'kube-system',
    name: 'canal',
    strategy: 'RollingUpdate',
    maxUnavailable: '1',
    ...changes,
  };
}
