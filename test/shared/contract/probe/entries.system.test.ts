import { describe, expect, test } from 'vitest';
import { payloadOf, runProbe, tablesOf } from './run-probe.ts';
import { hostRoot, programs } from './scratch.ts';
import { answering, joined, recordedIproute2 } from './recorded-tools.ts';

const DEVICES = [
  'D flannel.1 3 UP 1450 8a:11:11:11:11:01 1 192.168.50.1 8472',
  'D flannel-v6.1 4 UP 1430 8a:66:11:11:11:01 1 fd00:50::1 8472',
  'D vxlan.calico 8 DOWN 1450 66:11:11:11:11:01 4096 192.168.50.1 4789',
  'A flannel.1 10.42.0.0/32',
] as const;

/** What the recorded host answers. */
async function look(wanted: string): Promise<readonly string[]> {
  const path = [recordedIproute2('v7.1.0')];
  return tablesOf(await runProbe({ action: 'entries', wanted, path, root: hostRoot({}) }));
}

/** What a host with these neighbours and no other entries answers. */
async function lookAmong(neighbours: string, wanted: string): Promise<readonly string[]> {
  const ip = answering({
    '-V': 'ip utility, iproute2-6.1.0\n',
    '-d -o link show type vxlan': '',
    '-o addr show': '',
    'neigh show nud all': neighbours,
    '-4 route show': '',
  });
  const bridge = answering({ '-V': 'bridge utility, 6.1.0\n', 'fdb show': '' });
  const path = [programs({ ip, bridge })];
  return tablesOf(await runProbe({ action: 'entries', wanted, path, root: hostRoot({}) }));
}

describe('entries', () => {
  test('a tunnel IP, a MAC and a pod CIDR bring back their three entries, verbatim', async () => {
    expect(await look('10.42.1.0,8a:11:11:11:11:02,10.42.1.0/24')).toEqual([
      ...DEVICES,
      'N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT',
      'V neighbour 10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT ',
      'F flannel.1 8a:11:11:11:11:02 192.168.50.2 permanent',
      'V fdb 8a:11:11:11:11:02 dev flannel.1 dst 192.168.50.2 self permanent',
      'R flannel.1 10.42.1.0/24 10.42.1.0 onlink',
      'V route 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink ',
    ]);
  });

  test('one gateway of several is shown with the destination it is for', async () => {
    expect(await look('192.168.50.3')).toEqual([
      ...DEVICES,
      'F flannel.1 00:00:00:00:00:00 192.168.50.3 permanent',
      'V fdb 00:00:00:00:00:00 dev flannel.1 dst 192.168.50.3 self permanent',
      'R eth0 10.42.7.0/24 192.168.50.3 -',
      'V route 10.42.7.0/24 proto 80  nexthop via 192.168.50.3 dev eth0 weight 2 ',
    ]);
  });

  test('only a whole token matches', async () => {
    expect(await look('0.42.1.0,10.42.1,10.42.1.0/2,8a:11:11:11:11,10.42.')).toEqual(DEVICES);
  });

  test('nothing wanted is nothing found', async () => {
    expect(await look('')).toEqual(DEVICES);
    expect(await look(',,')).toEqual(DEVICES);
  });

  test('a host route is wanted with its length', async () => {
    expect((await look('10.42.9.5/32')).slice(DEVICES.length)).toEqual([
      'R flannel.1 10.42.9.5/32 10.42.9.0 onlink',
      'V route 10.42.9.5 via 10.42.9.0 dev flannel.1 onlink mtu 1400 ',
    ]);
  });

  test('facts that the second look does not need are left out', async () => {
    const path = [recordedIproute2('v7.1.0')];
    const ended = await runProbe({ action: 'entries', path, root: hostRoot({}) });
    const kinds = payloadOf(ended).map((line) => line.split(' ')[0]);
    expect(kinds.join(' ')).toBe('host boot D D D A cut');
  });

  test('evidence is bounded, entries are not', async () => {
    const mac = '8a:11:11:11:11:02';
    const neighbours = Array.from(
      { length: 300 },
      (_, index) => `10.42.${index % 250}.${index} dev flannel.1 lladdr ${mac} PERMANENT `,
    );
    const lines = await lookAmong(joined(neighbours), mac);
    expect(lines.filter((line) => line.startsWith('N '))).toHaveLength(300);
    expect(lines.filter((line) => line.startsWith('V '))).toHaveLength(200);
  });

  test('what a host prints beyond printable ASCII, or too long, stays there', async () => {
    const line =
      '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 \tPERMANENT proto \u001B[31m\u00E9';
    const shown = '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02  PERMANENT proto ?[31m??';
    expect(await lookAmong(`${line}${'x'.repeat(500)}\n`, '10.42.1.0')).toEqual([
      'N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT',
      `V neighbour ${shown.padEnd(200, 'x')}`,
    ]);
  });
});
