import type { Machine } from '../../../lab/machines/machine.ts';
import { batchInNetwork, realMachine } from '../../../lab/machines/real/machines.ts';
import { makeNamespaces, type Namespaces } from '../../../lab/machines/real/namespaces.ts';
import { address6In, addressIn, CONTROL, GATEWAY, type RealHost, type Subnet } from './host.ts';

/** The hosts as network namespaces on two bridges, which the host `control` joins. */
export interface Underlay {
  readonly control: Machine;
  /** Throws for a host that is not in the plan. */
  readonly machine: (name: string) => Machine;
  /** Ends every process on the hosts, and with them the hosts and all that was written there. */
  close(): Promise<void>;
}

const SUBNETS: readonly Subnet[] = [0, 1];
const JOINING = 'joining the hosts by bridges';
const NIC = 'eth0';

/** Needs root on Linux. The end of this process, in whatever way, ends the hosts. */
export async function layUnderlay(hosts: readonly RealHost[]): Promise<Underlay> {
  const made: Namespaces[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(made.splice(0).map((namespaces) => namespaces.release()));
  };
  try {
    const machines = new Map<string, Machine>();
    for (const host of [CONTROL, ...hosts]) {
      const namespaces = await makeNamespaces(`vtepwatch-real-${host.name}`, host.name);
      made.push(namespaces);
      machines.set(host.name, realMachine(host, namespaces));
    }
    const machine = (name: string): Machine => {
      const found = machines.get(name);
      if (found === undefined) throw new Error(`there is no host ${name}`);
      return found;
    };
    const [control, ...others] = made;
    if (control === undefined) throw new Error('there are no hosts');
    const cables = hosts.flatMap((host, at) => cable(host, others[at]));
    await batchInNetwork(control, [...bridges(), ...cables], JOINING);
    for (const [at, host] of hosts.entries()) {
      await batchInNetwork(others[at] ?? control, addresses(host), JOINING);
    }
    for (const one of machines.values()) await forward(one);
    return { control: machine(CONTROL.name), machine, close };
  } catch (cause) {
    await close();
    throw new Error('making hosts for a real cluster', { cause });
  }
}

function bridges(): readonly string[] {
  return [
    'link set lo up',
    ...SUBNETS.flatMap((subnet) => [
      `link add br${subnet} type bridge`,
      `addr add ${addressIn(subnet, GATEWAY)}/24 dev br${subnet}`,
      `addr add ${address6In(subnet, GATEWAY)}/64 dev br${subnet} nodad`,
      `link set br${subnet} up`,
    ]),
  ];
}

function cable({ name, subnet }: RealHost, end: Namespaces | undefined): readonly string[] {
  return [
    `link add ${name} type veth peer name ${NIC} netns ${end?.pid}`,
    `link set ${name} master br${subnet} up`,
  ];
}

function addresses({ subnet, underlayIp, underlayIp6 }: RealHost): readonly string[] {
  return [
    'link set lo up',
    `addr add ${underlayIp}/24 dev ${NIC}`,
    `addr add ${underlayIp6}/64 dev ${NIC} nodad`,
    `link set ${NIC} up`,
    `route add default via ${addressIn(subnet, GATEWAY)}`,
    `route add default via ${address6In(subnet, GATEWAY)}`,
  ];
}

async function forward(machine: Machine): Promise<void> {
  await machine.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
}
