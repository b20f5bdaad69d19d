import type { Machine, SimulatedHost } from '../../machines/machine.ts';
import type { Time } from '../time.ts';
import { createSlots } from './slots.ts';
import type { Slots } from './slots.ts';

/** A machine that is registered with SSM. */
export interface ManagedNode {
  readonly machine: Machine | SimulatedHost;
  /** What `Targets` with `tag:…` select by. */
  readonly tags: Readonly<Record<string, string>>;
  /** What a document's precondition is compared with. Default `Linux`. */
  readonly platform?: 'Linux' | 'MacOS' | 'Windows';
}

/** How a node takes commands, from the moment it is set. */
export type NodeBehaviour =
  /** The agent runs the document's script on the machine, or the host answers by itself. */
  | { readonly kind: 'online' }
  /** The agent neither receives commands nor gets an answer out, until this changes. */
  | { readonly kind: 'offline' }
  /** The script runs at once; its answer arrives this much later. */
  | { readonly kind: 'late'; readonly milliseconds: number }
  /** Nothing runs; this is the answer. */
  | {
      readonly kind: 'answers';
      readonly stdout: string;
      readonly stderr?: string;
      /** Default 0. */
      readonly exit?: number;
    }
  /** The script runs; its standard output is changed on the way. */
  | { readonly kind: 'rewrites'; readonly rewrite: (stdout: string) => string }
  /** The disk has no room for the output: both streams are empty, whatever the agent reports. */
  | { readonly kind: 'disk-full'; readonly reports: 'Success' | 'Failed' }
  /** The agent was restarted while the script ran, runs it once more, and appends its output. */
  | { readonly kind: 'runs-twice' }
  /** A signal kills the script when it has printed this much. */
  | { readonly kind: 'killed'; readonly stdout: string }
  /**
   * The service refused the agent. It takes no command, and its last ping is older than a heartbeat
   * (amazon-ssm-agent, agent/hibernation).
   */
  | { readonly kind: 'hibernates' }
  /** The service does not hand the command to the node. */
  | {
      readonly kind: 'refused';
      readonly status: 'AccessDenied' | 'Undeliverable' | 'InvalidPlatform';
    };

/** The managed nodes of the account. They may come, go and change while commands run. */
export interface Nodes {
  all(): readonly RegisteredNode[];
  find(instanceId: string): RegisteredNode | undefined;
  register(node: ManagedNode): void;
  deregister(instanceId: string): void;
  /** Throws for an id that is not registered. */
  behave(instanceId: string, behaviour: NodeBehaviour): void;
  /** Waits until the node is neither offline nor hibernates. False: the signal came first. */
  reachable(node: RegisteredNode, signal: AbortSignal): Promise<boolean>;
}

export interface RegisteredNode extends ManagedNode {
  readonly behaviour: NodeBehaviour;
  /** When the behaviour was set, in milliseconds since the epoch. */
  readonly behavesSince: number;
  /** The agent runs only so many documents at a time. */
  readonly slots: Slots;
}

/** Whether the agent takes commands at all. */
export function isReachable({ behaviour }: Pick<RegisteredNode, 'behaviour'>): boolean {
  return behaviour.kind !== 'offline' && behaviour.kind !== 'hibernates';
}

/** https://github.com/aws/amazon-ssm-agent — `Mds.CommandWorkersLimit`. */
const DOCUMENTS_AT_A_TIME = 5;

type Entry = { -readonly [Key in keyof RegisteredNode]: RegisteredNode[Key] };

export function createNodes(initial: readonly ManagedNode[], { now }: Pick<Time, 'now'>): Nodes {
  const entries = new Map<string, Entry>();
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  const register = (node: ManagedNode): void => {
    entries.set(node.machine.instanceId, {
      ...node,
      behaviour: { kind: 'online' },
      behavesSince: now(),
      slots: createSlots(DOCUMENTS_AT_A_TIME),
    });
  };
  for (const node of initial) register(node);

  return {
    all: () => [...entries.values()],
    find: (instanceId) => entries.get(instanceId),
    register,
    deregister: (instanceId) => {
      entries.delete(instanceId);
    },
    behave: (instanceId, behaviour) => {
      const entry = entries.get(instanceId);
      if (entry === undefined) throw new Error(`No managed node ${instanceId} to behave so.`);
      entry.behaviour = behaviour;
      entry.behavesSince = now();
      wake();
    },
    reachable: (node, signal) =>
      new Promise((resolve) => {
        const done = (reached: boolean): void => {
          waiting.delete(look);
          signal.removeEventListener('abort', stop);
          resolve(reached);
        };
        const look = (): void => {
          if (isReachable(node)) done(true);
        };
        const stop = (): void => {
          done(false);
        };
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop);
        waiting.add(look);
        look();
        return undefined;
      }),
  };
}
