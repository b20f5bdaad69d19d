import { readdirSync } from 'node:fs';
import path from 'node:path';
import { assert, nat, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anonymousAddresses } from '../../../cli/capture/anonymous-addresses.ts';
import { anonymousMacs } from '../../../cli/capture/anonymous-macs.ts';
import { anonymousListing, anonymousWord } from '../../../cli/capture/anonymous-words.ts';
import { anonymised } from '../../../cli/capture/anonymise.ts';
import { outlineOf } from '../../../cli/capture/outline.ts';
import { capturedFiles, openCapture } from '../../../cli/replay/captured-files.ts';
import {
  type Cidr,
  type IpAddress,
  isSpecial,
  parseCidr,
  parseIp,
  prefixBits,
} from '../../../shared/core/overlay/addresses.ts';
import { FIXTURES, replayedFiles } from '../replay/replayed.ts';

const KEY = Buffer.from('a key of the test');

const CAPTURES = [
  'seed-incident/before',
  'seed-incident/after',
  ...readdirSync(path.join(FIXTURES, 'field')).map((name) => `field/${name}`),
];

describe('an anonymised capture', () => {
  test.for(CAPTURES)('of %s has the same verdict', async (name) => {
    const files = await openCapture(path.join(FIXTURES, name));
    const { texts, nameOf } = anonymised(files, KEY);
    const other = await replayedFiles(capturedFiles('anonymous', texts));
    const plain = await replayedFiles(files);
    expect(outlineOf(other, (node) => node)).toEqual(outlineOf(plain, nameOf));
  });

  test.for(CAPTURES)('of %s has no MAC address and no name of the capture', async (name) => {
    const files = await openCapture(path.join(FIXTURES, name));
    const before = [...files.texts].flat().join('\n');
    const after = [...anonymised(files, KEY).texts].flat().join('\n');
    const macs = before.match(/\b[\da-z]{2}(?::[\da-z]{2}){5}\b/g) ?? [];
    const own = macs.filter((mac) => !/^(?:(?:00:){5}00|(?:ff:){5}ff|(?:ee:){5}ee)$/.test(mac));
    const names = files.folders.filter((folder) => !/^node\d*$/.test(folder));
    expect([...own, ...names].filter((word) => after.includes(word))).toEqual([]);
  });
});

describe('what a person or a shell put beside a listing', () => {
  const substitutes = {
    address: anonymousAddresses(KEY, []),
    mac: anonymousMacs(KEY, new Map()),
    word: anonymousWord(KEY),
  };
  const hidden = (text: string): string => anonymousListing(text, substitutes);

  test.for([
    ['a MAC address before a colon', 'MAC 36:9b:9c:53:4a:10: gone', ['9b:9c', '53:4a']],
    ['one behind a colon', 'HWaddr:36:9b:9c:53:4a:10', ['9b:9c', '53:4a', '36:9b']],
    ['the same in upper case', 'MAC:36:9B:9C:53:4A:10,', ['9B:9C', '53:4A']],
    ['the beginning of one', 'it begins with 36:9b:9c', ['9b', '9c']],
    ['the end of one', 'it ends with 9c:53:4a:10', ['9c', '4a']],
    ['two octets of one', 'ends 4a:1b', ['4a', '1b']],
    ['one with masked digits, cut', '36:9b:xx', ['9b']],
    ['a name of two letters', 'root@ny:~# ip neigh', ['ny']],
    [
      'a name of letters beyond ASCII',
      'büro-köln ~ # 東京 Ελλάδα',
      ['büro', 'köln', '東京', 'Ελλ', 'ü', 'ö'],
    ],
    ['one in another form of its letters', 'u\u0308ber', ['u\u0308', 'ber']],
  ] as const)('is hidden: %s', ([, text, secrets]) => {
    // Two letters can come about by chance: within a word that stands for another one they do not count.
    const words = new Set(
      hidden(text)
        .split(/[^\p{L}\p{M}\p{N}:]+/u)
        .flatMap((word) => [word, ...word.split(':')]),
    );
    expect(
      secrets.filter(
        (secret) => words.has(secret) || (secret.length > 2 && hidden(text).includes(secret)),
      ),
    ).toEqual([]);
  });

  test('is the same for the same word, and another for another', () => {
    const [one, same, other] = hidden('köln köln kölm').split(' ');
    expect(one).toBe(same);
    expect(one).not.toBe(other);
  });

  test.for(['3: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue', 'Flags UG UH C CM'])(
    'stays as these programs print it: %s',
    (text) => {
      expect(hidden(text)).toBe(text);
    },
  );
});

const V4 = tuple(...Array.from({ length: 4 }, () => nat(255))).map((octets) => octets.join('.'));
const V6 = tuple(...Array.from({ length: 8 }, () => nat(0xffff))).map((groups) =>
  groups.map((group) => group.toString(16)).join(':'),
);

function address(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`no address: ${text}`);
  return ip;
}

function network(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`no network: ${text}`);
  return cidr;
}

function common(one: IpAddress, other: IpAddress): number {
  const [a, b] = [prefixBits(one), prefixBits(other)];
  const differing = Array.from(a).findIndex((bit, at) => bit !== b[at]);
  return differing < 0 ? a.length : differing;
}

const NETWORKS = ['10.42.0.0/16', '10.42.1.0/24', '192.168.7.64/26', 'fd00:42::/56'].map(network);

describe('the addresses of an anonymised capture', () => {
  const mapped = anonymousAddresses(KEY, NETWORKS);

  test.for([
    ['IPv4', V4],
    ['IPv6', V6],
  ] as const)('have as many bits in common as before: %s', ([, any]) => {
    assert(
      property(any, any, nat(128), (first, second, from) => {
        const one = address(first);
        // Any two differ at once, nearly always: the other begins as the first does.
        const begins = first.includes('.')
          ? first
              .split('.')
              .with(from % 4, second.split('.')[0] ?? '0')
              .join('.')
          : first
              .split(':')
              .with(from % 8, second.split(':')[0] ?? '0')
              .join(':');
        const other = address(begins);
        if (isSpecial(one) || isSpecial(other)) return;
        expect(common(mapped(one), mapped(other))).toBe(common(one, other));
        expect(isSpecial(mapped(one))).toBe(false);
      }),
    );
  });

  test.for([
    ['10.42.1.0', 8],
    ['192.168.7.64', 6],
    ['fd00:42::', 72],
  ] as const)('have the first address of a network in its place: %s', ([text, zeros]) => {
    expect(prefixBits(mapped(address(text))).endsWith('0'.repeat(zeros))).toBe(true);
    expect(mapped(address(text))).not.toBe(text);
  });

  test.for(['127.0.0.1', '169.254.169.254', '::1', '224.0.0.5', '0.0.0.0'])(
    'have %s of a special range as it is',
    (text) => {
      expect(mapped(address(text))).toBe(text);
    },
  );

  test('are others under another key', () => {
    const other = anonymousAddresses(Buffer.from('another key'), NETWORKS);
    expect(other(address('203.0.113.77'))).not.toBe(mapped(address('203.0.113.77')));
  });
});
