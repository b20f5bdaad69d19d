import type { WordTexts } from '../../contract/wire.ts';
import { groupBy } from '../group.ts';

/** A DaemonSet of the CNI, and how it is updated. */
export interface DaemonSet {
  readonly namespace: string;
  readonly name: string;
  readonly strategy: WordTexts['strategy'];
  /** A number of pods or a share of them: `1`, `10%`. */
  readonly maxUnavailable: string | undefined;
}

/** What is restarted so that the overlay is programmed anew. Words for a shell, as they stand here. */
export type Restart =
  | PodRestart
  /** The systemd unit of a process that runs flannel within itself. */
  | UnitRestart
  /** What runs on the host was installed in one of several ways, and it is not known in which. */
  | { readonly kind: 'unknown'; readonly variants: readonly RestartVariant[] };

/** The pods of a DaemonSet, which are made again when they are deleted. */
export interface PodRestart {
  readonly kind: 'pods';
  readonly namespace: string;
  readonly label: string;
  /** More than one where each has pods on hosts of another kind, as another processor. */
  readonly daemonSets: readonly string[];
  /** How they are updated; undefined where no list of Kubernetes showed them. */
  readonly updates?: Pick<DaemonSet, 'strategy' | 'maxUnavailable'>;
  /** In each pod the one that programs the overlay. */
  readonly container: string;
  /** What a shell on the host needs before `crictl`. */
  readonly runtime: string;
}

interface UnitRestart {
  readonly kind: 'unit';
  readonly server: string;
  readonly agent: string;
}

interface RestartVariant {
  /** What has installed it. */
  readonly names: string;
  readonly restart: PodRestart | UnitRestart;
}

/** `sudo` may leave out the directory in which crictl is. */
const RUNTIME = 'export PATH=$PATH:/usr/local/bin';

/** RKE2 has its container runtime in a place of its own, whatever runs in it. */
export const RKE2_RUNTIME =
  'export CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml PATH=$PATH:/var/lib/rancher/rke2/bin';

/** On the host itself: stops the container, which the kubelet starts again. */
export function stopCommand({ runtime, container }: PodRestart): string {
  return `${runtime}; crictl ps --name ^${container}$ -q | xargs crictl stop`;
}

/** On the host itself: the container, running or not. */
export function listCommand({ runtime, container }: PodRestart): string {
  return `${runtime}; crictl ps -a --name ^${container}$`;
}

export const CANAL_PODS = {
  kind: 'pods',
  namespace: 'kube-system',
  label: 'k8s-app=canal',
  daemonSets: ['canal'],
  container: 'kube-flannel',
  runtime: RUNTIME,
} as const;

export const RKE2_PODS = {
  ...CANAL_PODS,
  daemonSets: ['rke2-canal'],
  runtime: RKE2_RUNTIME,
} as const;

export const FLANNEL_PODS = {
  kind: 'pods',
  namespace: 'kube-flannel',
  label: 'app=flannel',
  daemonSets: ['kube-flannel-ds'],
  container: 'kube-flannel',
  runtime: RUNTIME,
} as const;

const KUBESPRAY_PODS = {
  ...FLANNEL_PODS,
  namespace: 'kube-system',
  label: 'k8s-app=flannel',
  daemonSets: ['kube-flannel'],
} as const;

const CALICO_PODS = {
  kind: 'pods',
  namespace: 'calico-system',
  label: 'k8s-app=calico-node',
  daemonSets: ['calico-node'],
  container: 'calico-node',
  runtime: RUNTIME,
} as const;

export const K3S_UNITS = { kind: 'unit', server: 'k3s', agent: 'k3s-agent' } as const;

export const ANY_FLANNEL = {
  kind: 'unknown',
  variants: [
    { names: 'canal', restart: CANAL_PODS },
    { names: 'RKE2', restart: RKE2_PODS },
    { names: "flannel's manifest", restart: FLANNEL_PODS },
    { names: 'kubespray', restart: KUBESPRAY_PODS },
    { names: 'k3s (a server: unit k3s, one at a time)', restart: K3S_UNITS },
  ],
} as const;

export const ANY_CALICO = {
  kind: 'unknown',
  variants: [
    { names: "Calico's operator (namespace calico-system)", restart: CALICO_PODS },
    {
      names: "Calico's manifest (namespace kube-system)",
      restart: { ...CALICO_PODS, namespace: 'kube-system' },
    },
  ],
} as const;

/** The namespaces of a CNI. A tenant may give a DaemonSet of its own any name, but has none here. */
export const CNI_NAMESPACES: readonly string[] = ['kube-system', 'kube-flannel', 'calico-system'];

/** What runs in the pods of a DaemonSet with such a name. The names of older manifests end with a processor. */
const KNOWN_DAEMONSETS: readonly {
  readonly name: RegExp;
  readonly agent: 'flannel' | 'calico';
  readonly restart: PodRestart;
}[] = [
  { name: /^canal$/, agent: 'flannel', restart: CANAL_PODS },
  { name: /^rke2-canal$/, agent: 'flannel', restart: RKE2_PODS },
  { name: /^kube-flannel-ds(-[a-z0-9]{1,10})?$/, agent: 'flannel', restart: FLANNEL_PODS },
  { name: /^kube-flannel$/, agent: 'flannel', restart: KUBESPRAY_PODS },
  { name: /^calico-node$/, agent: 'calico', restart: CALICO_PODS },
];

/** Whether a DaemonSet is one of those by which a CNI is known. */
export function isOfCni({ namespace, name }: Pick<DaemonSet, 'namespace' | 'name'>): boolean {
  return CNI_NAMESPACES.includes(namespace) && KNOWN_DAEMONSETS.some((one) => one.name.test(name));
}

/**
 * The pods of the listed DaemonSets that run this agent; those that are alike as one. Empty where none of
 * them is known: then nothing is known of how it was installed.
 */
export function listedRestarts(
  agent: 'flannel' | 'calico',
  daemonSets: readonly DaemonSet[],
): readonly PodRestart[] {
  const found = daemonSets.filter(isOfCni).flatMap((one): readonly PodRestart[] => {
    const known = KNOWN_DAEMONSETS.find(({ name }) => name.test(one.name));
    if (known?.agent !== agent) return [];
    const { namespace, name, strategy, maxUnavailable } = one;
    const updates = { strategy, maxUnavailable };
    return [{ ...known.restart, namespace, daemonSets: [name], updates }];
  });
  const alike = groupBy(found, ({ namespace, label }) => `${namespace} ${label}`);
  return [...alike.values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    return [
      {
        ...first,
        daemonSets: some.flatMap((one) => one.daemonSets),
        updates: slowestOf(some.flatMap(({ updates: own }) => own ?? [])),
      },
    ];
  });
}

type Updates = NonNullable<PodRestart['updates']>;

/** What holds of several DaemonSets that are updated in different ways. */
function slowestOf(updates: readonly Updates[]): Updates {
  const [first = ONE_BY_ONE] = updates;
  const isAlike = updates.every(
    (one) => one.strategy === first.strategy && one.maxUnavailable === first.maxUnavailable,
  );
  if (isAlike) return first;
  return updates.find(({ strategy }) => strategy === 'OnDelete') ?? ONE_BY_ONE;
}

const ONE_BY_ONE: Updates = { strategy: 'RollingUpdate', maxUnavailable: '1' };
