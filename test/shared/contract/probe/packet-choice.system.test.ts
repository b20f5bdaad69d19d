import { describe, expect, test } from 'vitest';
import { packetRound } from '../../../../shared/contract/probe.ts';
import { need } from '../latency/need.ts';
import { AWKS, programsOf, type Shell, SHELLS } from './awks.ts';
import { WITH_IPV6 } from './generated-tables.ts';
import { packetTools } from './packet-tools.ts';
import { payloadOf, type Run, runProbe } from './run-probe.ts';
import { hostRoot } from './scratch.ts';

/** The tunnel IPs of so many hosts, in the order of their numbers, which is not that of their texts. */
function tunnelIps(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `10.42.${3 * at + 5}.0`);
}

const IPS = tunnelIps(12);
const IPS6 = IPS.map((_, at) => `2001:db8:42:${(7 * at + 9).toString(16)}::`);

function hostAt(place: number) {
  const own = IPS[place] ?? '';
  return { own: [own], peers: IPS.filter((ip) => ip !== own) };
}

async function triedBy(run: Run): Promise<readonly string[]> {
  const lines = payloadOf(await runProbe({ ...run, packets: 'on' }));
  return lines.filter((line) => line.startsWith('tried ')).map((line) => line.split(' ')[1] ?? '');
}

/** Whom a host tries, asked for a digest. */
async function triedAt(place: number, wanted: string): Promise<readonly string[]> {
  const path = [packetTools(hostAt(place))];
  return await triedBy({ action: 'digest', wanted, path, root: hostRoot({}) });
}

function hostsAt(...places: readonly number[]): readonly (string | undefined)[] {
  return places.map((place) => IPS[place]);
}

describe('a host that is asked for a digest tries', () => {
  test.for([
    [0, 0, [1, 2, 3]],
    [4, 0, [5, 6, 7]],
    [11, 0, [0, 1, 2]],
    [10, 0, [11, 0, 1]],
    [4, 1, [8, 9, 10]],
    [4, 2, [11, 0, 1]],
    [4, 3, [2, 3, 5]],
    [4, 11, [5, 6, 7]],
  ] as const)('as host %i in round %i the hosts %j', async ([place, round, peers]) => {
    expect(await triedAt(place, packetRound(round, []))).toEqual(hostsAt(...peers));
  });

  test('nobody where no round is named', async () => {
    expect(await triedAt(4, '')).toEqual([]);
  });

  test.for(['x', '/10.42.5.0', '10.42.5.0', '1e3', '99999999999'])(
    'nobody for %s, which is no round',
    async (wanted) => {
      expect(await triedAt(4, wanted)).toEqual([]);
    },
  );

  test('all that there are where these are fewer than three', async () => {
    const path = [packetTools({ own: ['10.42.5.0'], peers: ['10.42.8.0'] })];
    const run = { action: 'digest', wanted: '7', path, root: hostRoot({}) };
    expect(await triedBy(run)).toEqual(['10.42.8.0']);
  });

  test('one suspect besides, which differs from host to host', async () => {
    const suspects = [IPS[9] ?? '', IPS[10] ?? ''];
    const tried = await Promise.all(
      [0, 1, 2].map((place) => triedAt(place, packetRound(0, suspects))),
    );
    expect(tried.map((ips) => ips.slice(3))).toEqual([hostsAt(9), hostsAt(10), hostsAt(9)]);
  });

  test('another suspect in place of itself and of one that it tries anyway', async () => {
    const suspects = [IPS[4] ?? '', IPS[5] ?? '', IPS[9] ?? ''];
    expect(await triedAt(4, packetRound(0, suspects))).toEqual(hostsAt(5, 6, 7, 9));
    expect(await triedAt(4, packetRound(0, [IPS[4] ?? '']))).toEqual(hostsAt(5, 6, 7));
  });

  test('of two families one in each round', async () => {
    const own = [IPS[4] ?? '', IPS6[4] ?? ''];
    const peers = [...IPS, ...IPS6].filter((ip) => !own.includes(ip));
    const host = { path: [packetTools({ own, peers })], root: hostRoot(WITH_IPV6) };
    const tried = await Promise.all(
      ['0', '1', '2', '3'].map((wanted) => triedBy({ action: 'digest', wanted, ...host })),
    );
    const at6 = (...places: readonly number[]) => places.map((place) => IPS6[place]);
    expect(tried).toEqual([hostsAt(5, 6, 7), at6(5, 6, 7), hostsAt(8, 9, 10), at6(8, 9, 10)]);
  });
});

describe('a host that is asked for packets tries', () => {
  const host = () => ({ path: [packetTools(hostAt(4))], root: hostRoot({}) });

  test('the wanted peers, each once and eight at most, and not itself', async () => {
    const wanted = [4, 9, 9, 1].map((place) => IPS[place]).join(',');
    expect(await triedBy({ action: 'packets', wanted, ...host() })).toEqual(hostsAt(9, 1));
    const all = await triedBy({ action: 'packets', wanted: IPS.join(','), ...host() });
    expect(all).toEqual(hostsAt(0, 1, 2, 3, 5, 6, 7));
  });

  test('nobody whom none of its overlay routes leads to, and says so', async () => {
    const run = {
      action: 'packets',
      wanted: '10.42.250.0,10.42.5.0',
      packets: 'on',
      ...host(),
    } as const;
    expect(payloadOf(await runProbe(run)).slice(2)).toEqual([
      'tried 10.42.250.0 - - -',
      'tried 10.42.5.0 ok,0.4 ok,0.4 connected',
    ]);
  });

  test.for(['', ',', '/', '1.2.3', '1.2.3.4444', '...', 'ffff'])(
    'nobody for %j, which is no address',
    async (wanted) => {
      expect(await triedBy({ action: 'packets', wanted, ...host() })).toEqual([]);
    },
  );

  test('nobody where the cluster has packets off', async () => {
    const run = { action: 'packets', wanted: '10.42.5.0', ...host() } as const;
    expect(payloadOf(await runProbe(run)).map((line) => line.split(' ')[0])).toEqual([
      'host',
      'boot',
    ]);
  });
});

const PAIRS = Object.keys(SHELLS).flatMap((shell) => AWKS.map((awk) => [shell, awk] as const));

test.for(PAIRS)('%s and %s choose and say the same', async ([name, awk], { skip }) => {
  const shell = (['dash', 'bash', 'busybox'] as const).find((one) => one === name) ?? 'dash';
  need(skip, 'dash', 'mawk', shell, awk);
  const own = [IPS[4] ?? '', IPS6[4] ?? ''];
  const peers = [...IPS, ...IPS6].filter((ip) => !own.includes(ip));
  const tools = packetTools({ own, peers });
  const root = hostRoot({ ...WITH_IPV6, 'proc/net/dev': 'flannel.1:1 2 3 4 5 6 7 8 9 10 11\n' });
  const saidBy = async (by: Shell, reader: (typeof AWKS)[number]) => {
    const asked = ['2/10.42.250.0,2001:db8:42::', '3/10.42.32.0', '0'].map((wanted) =>
      runProbe({
        action: 'digest',
        wanted,
        packets: 'on',
        path: [programsOf(reader, by), tools],
        root,
        shell: SHELLS[by],
      }),
    );
    return (await Promise.all(asked)).map(payloadOf);
  };
  expect(await saidBy(shell, awk)).toEqual(await saidBy('dash', 'mawk'));
});
