import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  carryOut,
  type Machine,
  machineNamed,
  type Machines,
} from '../../../../lab/machines/machine.ts';
import { reprogram } from '../../../../lab/machines/flannel.ts';
import { addPod } from '../../../../lab/control-plane/start.ts';
import { realMachines } from '../../../../lab/machines/real/machines.ts';
import { ROSTER } from '../../../../lab/machines/roster.ts';
import { NO_REAL_MACHINES } from '../needs-root.ts';
import { heldBy, lines } from '../tables.ts';

const NAMES = ROSTER.map(({ name }) => name);

describe.skipIf(NO_REAL_MACHINES)('realMachines', () => {
  let lab: Machines;
  beforeAll(async () => {
    lab = await realMachines();
  });
  afterAll(() => lab?.close());
  const machine = (name: string): Machine => machineNamed(lab, name);

  test("the overlay's device is as flannel makes it", async () => {
    const [device] = await lines(machine('node2'), 'ip -d -o link show type vxlan');
    expect(device).toMatch(/: flannel\.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 /);
    expect(device).toContain(' link/ether 82:67:5d:5f:43:3b ');
    expect(device).toMatch(
      / vxlan id 1 local 192\.168\.1\.144 dev eth0 .*dstport 8472 nolearning /,
    );
    const addresses = await lines(machine('node2'), 'ip -o -4 addr show');
    expect(addresses.join('\n')).toContain('flannel.1    inet 10.68.4.0/32 scope global');
  });

  test.for(NAMES)('%s reaches every peer across the overlay', async (name) => {
    const peers = lab.machines.filter((peer) => peer.name !== name);
    const answers = await Promise.all(peers.map((peer) => call(machine(name), peer.tunnelIp, 9)));
    // Nothing listens there: the refusal is the peer's own, and has come back over the overlay.
    expect(answers).toEqual(peers.map(() => 'ECONNREFUSED'));
  });

  test('a pod is called through flannel.1, and answers to the tunnel IP of the caller', async () => {
    const server = await listenOnPod(machine('node2'));
    const before = await receivedPackets(machine('node2'));
    expect(await call(machine('master1'), '10.68.4.133', 8443)).toBe('10.68.0.0');
    expect(await receivedPackets(machine('node2'))).toBeGreaterThan(before);

    // The incident itself: the question arrives, and no way is known for the answer.
    await carryOut(machine('node2'), 'ip neigh del 10.68.0.0 dev flannel.1');
    expect(await call(machine('master1'), '10.68.4.133', 8443)).toBe('silence');
    expect((await heldBy(machine('node2'))).fdb).toContain(
      '36:9b:9c:53:4a:10 dst 192.168.1.140 self permanent',
    );

    await reprogram(machine('node2'));
    expect(await call(machine('master1'), '10.68.4.133', 8443)).toBe('10.68.0.0');
    process.kill(-(server.pid ?? 0), 'SIGKILL');
  });

  test('each has a name, a boot id, files and processes of its own', async () => {
    const asked = async (command: string): Promise<readonly string[]> =>
      Promise.all(NAMES.map(async (name) => (await lines(machine(name), command)).join(' ')));
    expect(await asked('uname -n')).toEqual(NAMES);
    expect(new Set(await asked('cat /proc/sys/kernel/random/boot_id')).size).toBe(NAMES.length);
    expect(await asked('cat /proc/1/comm')).toEqual(NAMES.map(() => 'sh'));
    expect(await asked('ls /etc/cni/net.d')).toEqual(NAMES.map(() => '10-canal.conflist'));
    expect(await asked('ls /var/lib/amazon')).toEqual(NAMES.map(() => ''));
  });

  test.for(['/etc', '/var/lib', '/usr/local'])(
    'what is written below %s stays on the machine',
    async (directory) => {
      const file = `${directory}/vtepwatch-${process.pid}/file`;
      await machine('master1').write(file, "it's $HOME\n");
      expect((await machine('master1').run(['cat', file])).stdout).toBe("it's $HOME\n");
      expect((await machine('master2').run(['cat', file])).exit).toBe(1);
      expect(existsSync(file)).toBe(false);
    },
  );

  test('two labs at once know nothing of each other', async () => {
    const other = await realMachines();
    try {
      await carryOut(machineNamed(other, 'node3'), 'ip link del flannel.1');
      expect((await heldBy(machine('node3'))).neighbours).toHaveLength(5);
    } finally {
      await other.close();
    }
  });
});

/** Calls an address from a machine: what it answers, why it refuses, or `silence`. */
async function call(from: Machine, host: string, port: number): Promise<string> {
  const caller = `
    const socket = require('node:net').connect(${port}, '${host}');
    const end = (text) => { process.stdout.write(text); process.exit(); };
    socket.on('data', (data) => end(String(data))).on('error', ({ code }) => end(code));
    setTimeout(end, 1500, 'silence');`;
  const { stdout, stderr } = await from.run([process.execPath, '-e', caller]);
  return stdout === '' ? stderr : stdout;
}

/** A server on a pod's address that answers with the address it is called from. */
async function listenOnPod(on: Machine): Promise<ReturnType<Machine['spawn']>> {
  await addPod(on, '10.68.4.133');
  const server = on.spawn([
    process.execPath,
    '-e',
    `require('node:net').createServer((socket) => socket.end(socket.remoteAddress))
       .listen(8443, '10.68.4.133', () => console.log('listening'));`,
  ]);
  await new Promise((resolve) => {
    server.stdout?.once('data', resolve);
  });
  return server;
}

async function receivedPackets(machine: Machine): Promise<number> {
  const [count] = await lines(machine, 'cat /sys/class/net/flannel.1/statistics/rx_packets');
  return Number(count);
}
