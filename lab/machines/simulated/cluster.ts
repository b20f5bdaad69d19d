/**
 * A cluster of any size whose hosts answer from memory what the script would print on them, by a second
 * reading of the contract. No shell runs, and each answer costs the lab well below a millisecond.
 */
import type { Host, SimulatedHost } from '../machine.ts';
import { answer } from './answers.ts';
import {
  allWell,
  type Condition,
  damaged,
  type SimulatedDamage,
  type State,
} from './conditions.ts';
import { createDigests, type Digests } from './digests.ts';

export interface SimulatedCluster {
  /** Those that are in the cluster now, for the lab's Systems Manager. */
  readonly hosts: readonly SimulatedHost[];
  /** This happens now, one after the other. */
  inflict(...damages: readonly SimulatedDamage[]): void;
  /** Every host is as it was made, but for those that joined or left. */
  heal(): void;
}

interface SimulationOptions {
  /** Milliseconds since the epoch. Default: the computer's clock. */
  readonly now?: () => number;
  /** The length of the prefix of the network that the hosts are in. Default 12. */
  readonly underlayBits?: number;
}

export const UNDERLAY_BITS = 12;

export function simulateCluster(
  initial: readonly Host[],
  { now = Date.now, underlayBits = UNDERLAY_BITS }: SimulationOptions = {},
): SimulatedCluster {
  const born = now();
  let state: State = allWell(initial, born);
  let digests: Digests = createDigests(initial);
  let listed: readonly Host[] = initial;
  const answering = new Map<Host, SimulatedHost>();
  const simulated = (host: Host): SimulatedHost => {
    const known = answering.get(host) ?? { ...host, answer: (parameters) => say(host, parameters) };
    answering.set(host, known);
    return known;
  };
  const say = (host: Host, parameters: ReadonlyMap<string, string>): string => {
    const [action = '', wanted = ''] = [parameters.get('Action'), parameters.get('Wanted')];
    const at = now();
    const conditionOf = ({ name }: Host): Condition => {
      const condition = state.conditions.get(name);
      if (condition === undefined) throw new Error(`${name} has left the cluster`);
      return conditionAt(condition, at);
    };
    const condition = conditionOf(host);
    const sendsPackets = parameters.get('Packets') === 'on';
    const ofCluster = { hosts: state.hosts, listed, digests, underlayBits, now: at, conditionOf };
    return answer({ ...ofCluster, host, condition, sendsPackets }, action, wanted);
  };
  let hosts = initial.map(simulated);
  return {
    get hosts() {
      return hosts;
    },
    inflict: (...damages) => {
      const before = state.hosts;
      for (const damage of damages) state = damaged(state, damage, now());
      listed = state.hosts.map((host) => state.listed.get(host.name) ?? host);
      if (state.hosts === before) return;
      digests = createDigests(state.hosts);
      hosts = state.hosts.map(simulated);
    },
    heal: () => {
      state = allWell(state.hosts, born);
      listed = state.hosts;
    },
  };
}

/** Before flanneld there is no device. */
function conditionAt(condition: Condition, now: number): Condition {
  return now < condition.flanneldAt ? { ...condition, device: 'missing' } : condition;
}
