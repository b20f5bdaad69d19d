import { describe, expect, test } from 'vitest';
import { commandsToType, readListings } from '../../../cli/capture/listings.ts';

const PRINTED = [
  '@host node1',
  '@file ip-neigh.txt',
  ' 10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT',
  ' @file ip-addr.txt',
  '@failed bridge-fdb.txt',
  '@end',
  '',
].join('\n');

describe('what a host printed', () => {
  test('is read file by file, and a listing cannot begin another', () => {
    expect(readListings(PRINTED)).toEqual({
      host: 'node1',
      texts: new Map([
        [
          'ip-neigh.txt',
          '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT\n@file ip-addr.txt\n',
        ],
      ]),
      failed: ['bridge-fdb.txt'],
    });
  });

  test.for(['', 'Welcome\n', PRINTED.slice(0, 60), PRINTED.replace('@end', '@en')])(
    'is nothing where it did not come to its end: %j',
    (printed) => {
      expect(readListings(printed)).toBeUndefined();
    },
  );

  test('names no file but those of a capture', () => {
    const printed = '@host h\n@file ../../etc/passwd\n root\n@file toString\n x\n@end\n';
    expect(readListings(printed)?.texts).toEqual(new Map());
  });
});

test('the commands for a person write every file that replay reads', () => {
  const names = Array.from(
    commandsToType().matchAll(/>"?(?:\$d\/)?([\w.-]+)/g),
    ([, name]) => name,
  );
  expect(new Set(names)).toEqual(
    new Set([
      'bridge-fdb.txt',
      'daemonsets.json',
      'ip-addr.txt',
      'ip-link.txt',
      'ip-neigh.txt',
      'ip-route.txt',
      'kubectl-get-nodes.txt',
      'nodes.json',
    ]),
  );
});
