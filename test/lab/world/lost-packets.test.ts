import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Damage } from '../../../lab/damage.ts';
import { simulatedHosts } from '../../../lab/machines/simulated/hosts.ts';
import { type SimulatedWorld, startSimulatedWorld } from '../../../lab/world.ts';
import type { ReportedIncident } from '../../../shared/contract/report.ts';

/** The last three of ten hosts are in a zone of their own. */
const HOSTS = simulatedHosts(10, 3).map((host, place) => ({
  ...host,
  zone: place < 7 ? 'eu-1a' : 'eu-1b',
}));
const NAMES = HOSTS.map(({ name }) => name);
const [FAR_1 = '', FAR_2 = '', FAR_3 = ''] = NAMES.slice(7);
const SUBJECT = NAMES[4] ?? '';
const OTHER = NAMES[5] ?? '';

type Dropped = Extract<Damage, { readonly kind: 'packets-dropped' }>;

function dropped(
  on: Dropped['on'],
  what: Pick<Dropped, 'direction' | 'which' | 'between'>,
): Dropped {
  return { kind: 'packets-dropped', on, ...what };
}

/** What narrows it, what the page says of it, and which command shows why. */
interface Reason {
  readonly damage: Dropped;
  readonly key: string;
  readonly narrowed: Pick<ReportedIncident, 'loss' | 'lossAt'>;
  readonly sentence: string;
  readonly command: RegExp;
  readonly fix: RegExp;
}

const REASONS: Readonly<Record<string, Reason>> = {
  'nothing arrives at a node': {
    damage: dropped([SUBJECT], { direction: 'in', which: 'all' }),
    key: `lost/subject/${SUBJECT}/overlay-blackhole`,
    narrowed: { lossAt: 'incoming' },
    sentence: `All entries for ${SUBJECT} are right, and no packet of the overlay arrives there.`,
    command: /^ss -Hulpn 'sport = :8472'; .*nft list ruleset/,
    fix: /let UDP to port 8472 in from all nodes/,
  },
  'nothing leaves a node': {
    damage: dropped([SUBJECT], { direction: 'out', which: 'all' }),
    key: `lost/subject/${SUBJECT}/overlay-blackhole`,
    narrowed: { lossAt: 'outgoing' },
    sentence: `All entries for ${SUBJECT} are right. Packets of the overlay arrive there, and no answer leaves.`,
    command: /^\{ nft list ruleset/,
    fix: /Which rule or default of this host drops the packets that go out/,
  },
  'large packets are lost': {
    damage: dropped([SUBJECT], { direction: 'in', which: 'large' }),
    key: `lost/subject/${SUBJECT}/overlay-blackhole`,
    narrowed: { loss: 'large-packets' },
    sentence: `All entries for ${SUBJECT} are right, and large packets to and from there are lost on the way.`,
    command: /^ip -o link show$/,
    fix: /at least 50 bytes above that of the VXLAN device/,
  },
  'a card sums up checksums wrongly': {
    damage: dropped([SUBJECT], { direction: 'out', which: 'unsummed' }),
    key: `lost/subject/${SUBJECT}/overlay-blackhole`,
    narrowed: { loss: 'connections' },
    sentence: `All entries for ${SUBJECT} are right and ICMP comes back, but no TCP connection from there is answered.`,
    command: /^ethtool -k flannel\.1 \| grep tx-checksum-ip-generic$/,
    fix: /ethtool -K flannel\.1 tx-checksum-ip-generic off/,
  },
  'a rule drops the port on all nodes': {
    damage: dropped('all', { direction: 'both', which: 'all' }),
    key: 'lost/cluster/overlay-blackhole',
    narrowed: { lossAt: 'everywhere' },
    sentence:
      'All entries are right, and since one moment packets between most nodes are lost on the way.',
    command: /^ss -Hulpn 'sport = :8472'; .*nft list ruleset/,
    fix: /What was changed on all nodes then\?/,
  },
  'a rule between subnets drops what leads from one zone to another': {
    damage: dropped([FAR_1, FAR_2, FAR_3], {
      direction: 'both',
      which: 'all',
      between: NAMES.slice(0, 7),
    }),
    key: 'lost/group/overlay-blackhole',
    narrowed: { lossAt: 'between-zones' },
    sentence: `are lost on the way to and from the nodes of other zones.`,
    command:
      /^ping -c 8 10\.\S+ >\/dev\/null & timeout 10 tcpdump -c 1 -ni any udp port 8472 and src host 172\.16\.\S+$/,
    fix: /a network ACL, route table or firewall between the subnets drops UDP to port 8472/,
  },
};

const TABLES_TOO: Damage = { kind: 'lost', tables: ['fdb'], on: 'all', of: [OTHER] };

describe('packets that are lost while all tables are right', () => {
  let world: SimulatedWorld;

  // A fault of the same node, soon after another one, would be the same incident again.
  beforeEach(async () => {
    world = await startSimulatedWorld(HOSTS, {
      cluster: 'lost',
      limits: { secondLookSeconds: 1, slowSeconds: 3 },
    });
    // By then all have answered each other.
    for (let run = 0; run < 2; run++) await world.tick();
  });
  afterEach(async () => {
    await world?.close();
  });

  test.for(
    Object.keys(REASONS).flatMap((name) => [[name, 'alone'] as const, [name, 'beside'] as const]),
  )(
    '%s: its own sentence, command and fix, %s a fault of the tables',
    { timeout: 120_000 },
    async ([name, how]) => {
      const reason = REASONS[name];
      if (reason === undefined) throw new Error(`no reason ${name}`);
      await world.inflict(reason.damage, ...(how === 'beside' ? [TABLES_TOO] : []));
      await world.tick();
      const { incidents } = await world.tick();
      const found = incidents.filter(({ cause }) => cause === 'overlay-blackhole');
      expect(found.map(({ key, phase }) => `${phase} ${key}`)).toEqual([`open ${reason.key}`]);
      const [incident] = found;
      expect({ loss: incident?.loss, lossAt: incident?.lossAt }).toEqual({
        loss: undefined,
        lossAt: undefined,
        ...reason.narrowed,
      });
      const look = incident?.fix.find(({ kind }) => kind === 'look');
      expect(look?.commands.join('\n')).toMatch(reason.command);
      const page = (await world.newPages()).find(({ message }) =>
        message.includes('overlay-blackhole'),
      );
      expect(page?.message).toContain(reason.sentence);
      expect(page?.message).toMatch(reason.fix);
      expect(incidents.some(({ cause }) => cause === 'fdb-missing')).toBe(how === 'beside');
    },
  );
});
