import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { need } from '../latency/need.ts';
import { AWKS, programsOf } from './awks.ts';
import { answering, installed } from './recorded-tools.ts';
import { runProbe, tablesOf } from './run-probe.ts';
import { hostRoot, links, programs } from './scratch.ts';

/** A host with two peers, whose pods make entries of other devices. */
const LISTINGS = {
  neighbour: [
    '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT ',
    '10.42.0.7 dev cni0 lladdr 5e:11:11:11:11:07 REACHABLE ',
    '10.42.2.0 dev flannel.1 lladdr 8a:11:11:11:11:03 router PERMANENT proto openr ',
    '192.168.50.9 dev eth0 FAILED ',
  ],
  fdb: [
    '33:33:00:00:00:01 dev eth0 self permanent',
    '8a:11:11:11:11:02 dev flannel.1 dst 192.168.50.2 self permanent',
    '5e:11:11:11:11:07 dev veth7 master cni0 ',
    '8a:11:11:11:11:03 dev flannel.1 dst 192.168.50.3 self permanent',
    '33:33:00:00:00:01 dev cni0 self permanent',
  ],
  route: [
    'default via 192.168.50.254 dev eth0 proto dhcp src 192.168.50.1 metric 100 ',
    '10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink ',
    '10.42.0.0/24 dev cni0 proto kernel scope link src 10.42.0.1 ',
    '10.42.2.0/24 via 10.42.2.0 dev flannel.1 onlink ',
    'blackhole 10.42.8.0/26 proto 80 ',
  ],
} as const;

type Listing = keyof typeof LISTINGS;
type Listings = Readonly<Record<Listing, readonly string[]>>;

const LINK =
  '3: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue \\    link/ether ' +
  '8a:11:11:11:11:01 brd ff:ff:ff:ff:ff:ff \\    vxlan id 1 local 192.168.50.1 dev eth0 dstport 8472 nolearning \n';

function toolsOf({ neighbour, fdb, route }: Listings): string {
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  return programs({
    ip: answering({
      '-V': 'ip utility, iproute2-6.1.0\n',
      '-d -o link show type vxlan': LINK,
      '-o addr show':
        '3: flannel.1    inet 10.42.0.0/32 scope global flannel.1\\       valid_lft forever\n',
      'neigh show nud all': text(neighbour),
      '-4 route show': text(route),
    }),
    bridge: answering({ 'fdb show': text(fdb) }),
  });
}

async function entriesOf(listings: Listings, awk: string): Promise<readonly string[]> {
  const ended = await runProbe({
    action: 'tables',
    path: [awk, toolsOf(listings)],
    root: hostRoot({}),
  });
  return tablesOf(ended).filter((line) => /^[NFRU] /.test(line));
}

/** What the whole listings hold. */
const HELD = [
  'N flannel.1 10.42.1.0 8a:11:11:11:11:02 PERMANENT',
  'N flannel.1 10.42.2.0 8a:11:11:11:11:03 PERMANENT',
  'F flannel.1 8a:11:11:11:11:02 192.168.50.2 permanent',
  'F flannel.1 8a:11:11:11:11:03 192.168.50.3 permanent',
  'R flannel.1 10.42.1.0/24 10.42.1.0 onlink',
  'R flannel.1 10.42.2.0/24 10.42.2.0 onlink',
] as const;

/** Where the lines of a listing can have been spoiled. */
const spoiled = fc.record({
  listing: fc.constantFrom<Listing>('neighbour', 'fdb', 'route'),
  kind: fc.constantFrom('joined', 'key cut', 'device cut', 'cut'),
  line: fc.nat(),
  at: fc.nat(),
});

function spoil({
  listing,
  kind,
  line,
  at,
}: typeof spoiled extends fc.Arbitrary<infer S> ? S : never): Listings {
  const lines: readonly string[] = LISTINGS[listing];
  const place = line % (lines.length - 1);
  const [one = '', next = ''] = lines.slice(place);
  const words = one.trimEnd().split(' ');
  const device = words.indexOf('dev') + 1;
  const spoiledOne = {
    joined: `${one.slice(0, one.length - (at % 6))}${next}`,
    'key cut': one.replace(/[.:][0-9a-f]+/, ''),
    'device cut': words.with(device, (words[device] ?? '').slice(0, 1 + (at % 7))).join(' '),
    // Right behind the device and its blank, what is left is a whole entry without a state.
    cut: one.slice(0, 1 + (at % (one.trimEnd().lastIndexOf(' ') - 1))).trimEnd(),
  }[kind];
  const rest = lines.slice(place + (kind === 'joined' ? 2 : 1));
  return { ...LISTINGS, [listing]: [...lines.slice(0, place), spoiledOne, ...rest] };
}

describe('a listing that was garbled on the host', () => {
  test.for(AWKS)('hides no entry of a table that counts as read, by %s', async (awk, { skip }) => {
    need(skip, awk);
    const own = programsOf(awk);
    expect(await entriesOf(LISTINGS, own)).toEqual(HELD);
    await fc.assert(
      fc.asyncProperty(spoiled, async (how) => {
        const lines = await entriesOf(spoil(how), own);
        const isUnknown = lines.some((line) => line.startsWith('U '));
        const shown = isUnknown ? lines.filter((line) => line.startsWith('U ')) : lines;
        expect(shown).toEqual(isUnknown ? [`U ${how.listing} unrecognised`] : HELD);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what ignores the signal to end', () => {
  const NAP = `60.${randomInt(1e9)}`;

  /** A program that ignores it, and so does what it starts: as one that waits for a lock. */
  const STUBBORN = `trap '' TERM; sleep ${NAP}; sleep ${NAP}`;

  test.for(['dash', 'bash', 'busybox'] as const)(
    'is killed with all that it started, and costs its own table, under %s',
    async (shell, { skip }) => {
      need(skip, shell);
      const own = programs({
        timeout: 'shift; exec /usr/bin/timeout 1 "$@"',
        ip: `case "$*" in
          -V) echo 'ip utility, iproute2-6.1.0' ;;
          neigh*) ${STUBBORN} ;;
          '-4 route show') echo '${LISTINGS.route[1]}' ;;
        esac`,
        bridge: `echo '${LISTINGS.fdb[1]}'`,
      });
      const sh = links({ sh: installed(shell) ?? shell });
      const ended = await runProbe({ action: 'tables', path: [own, sh], root: hostRoot({}) });
      expect(tablesOf(ended)).toEqual([
        'U neighbour timeout',
        'F flannel.1 8a:11:11:11:11:02 192.168.50.2 permanent',
        'R flannel.1 10.42.1.0/24 10.42.1.0 onlink',
      ]);
      expect(running().filter((words) => words.includes(NAP))).toEqual([]);
    },
  );
});

/** The command lines of this machine. */
function running(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    });
}
