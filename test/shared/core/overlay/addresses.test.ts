import { isIP, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressOf,
  familyOf,
  isMacAddress,
  parseCidr,
  parseIp,
} from '../../../../shared/core/overlay/addresses.ts';
import { cidr, ip } from '../../../support/addressing.ts';

test.for([
  ['10.42.1.0', '10.42.1.0'],
  ['2001:DB8:42:1::', '2001:db8:42:1::'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::0001', '::1'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
] as const)('%s is written %s', ([text, canonical]) => {
  expect(parseIp(text)).toBe(canonical);
});

test.for([
  ['', 'nothing'],
  ['10.42.1', 'three octets'],
  ['10.42.1.256', 'an octet above 255'],
  ['10.42.01.0', 'an octet that could be octal'],
  ['10.42.1.0 ', 'a space behind it'],
  ['1::2::3', 'two gaps'],
  ['1:2:3:4:5:6:7', 'seven groups'],
  ['1:2:3:4:5:6:7:8:9', 'nine groups'],
  ['1:2:3:4::5:6:7:8', 'a gap for nothing'],
  [':::', 'three colons'],
  ['fe80::1%eth0', 'a zone'],
  ['12345::', 'a group of five digits'],
  ['10.0.0.1::', 'dots in front'],
] as const)('"%s" is no address: %s', ([text]) => {
  expect(parseIp(text)).toBeUndefined();
});

test('an address is one for us exactly where it is one for Node', () => {
  const nearly = fc.stringMatching(/^[0-9a-fA-F:.]{0,42}$/);
  const mutated = fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(), fc.constantFrom(':', '.', '0', 'f', ''))
    .map(([text, at, put]) => {
      const from = at % (text.length + 1);
      return `${text.slice(0, from)}${put}${text.slice(from + 1)}`;
    });
  fc.assert(
    fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6(), mutated, fc.string()), (text) => {
      const zoned = text.includes('%');
      expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0 && !zoned);
    }),
    { numRuns: 3000 },
  );
});

test('IPv6 addresses are written as a URL writes them', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      expect(isIPv6(text)).toBe(true);
      expect(`[${parseIp(text)}]`).toBe(new URL(`http://[${text}]/`).hostname);
    }),
    { numRuns: 2000 },
  );
});

test('the canonical form of an address is its own canonical form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const once = parseIp(text);
      expect(once === undefined ? undefined : parseIp(once)).toBe(once);
    }),
  );
});

test.for([
  ['10.42.1.0/24', '10.42.1.0/24'],
  ['10.42.1.0', '10.42.1.0/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['2001:DB8::/64', '2001:db8::/64'],
  ['2001:db8::1', '2001:db8::1/128'],
] as const)('the CIDR %s is written %s', ([text, canonical]) => {
  expect(parseCidr(text)).toBe(canonical);
});

test.for([
  '10.42.1.0/33',
  '10.42.1.0/024',
  '10.42.1.0/',
  '10.42.1.0/24/24',
  '/24',
  '::/129',
  '::/x',
])('"%s" is no CIDR', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});

test('the tunnel IP of a pod CIDR is its address', () => {
  expect(addressOf(cidr('10.42.1.0/24'))).toBe('10.42.1.0');
  expect(addressOf(cidr('2001:db8:42:1::/64'))).toBe('2001:db8:42:1::');
});

test('a family is told from an address and from a CIDR', () => {
  expect(familyOf(ip('10.42.1.0'))).toBe('ipv4');
  expect(familyOf(cidr('2001:db8::/64'))).toBe('ipv6');
});

test.for([
  ['8a:11:11:11:11:02', true],
  ['8A:11:11:11:11:02', false],
  ['8a:11:11:11:11:2r', false],
  ['8a:11:11:11:11', false],
  ['8a:11:11:11:11:02\n', false],
  ['$(reboot):11:11:11:11:02', false],
] as const)('whether %j is a MAC address: %s', ([text, is]) => {
  expect(isMacAddress(text)).toBe(is);
});
