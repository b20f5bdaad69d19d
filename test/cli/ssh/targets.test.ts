import { describe, expect, test } from 'vitest';
import { WANTED_PATTERN } from '../../../shared/contract/probe.ts';
import { probeInput } from '../../../cli/ssh/probe.ts';
import { readTargets } from '../../../cli/ssh/targets.ts';

describe('a target is a host as ssh takes it', () => {
  test.for(['node1', 'root@node1', 'core@10.0.0.1', 'fd00::1', 'ec2-user@ip-10-0-0-1.internal'])(
    '%s',
    async (word) => {
      expect(await readTargets([word, word], undefined)).toEqual([word]);
    },
  );

  test.for([
    '-oProxyCommand=touch x',
    '-v',
    'root@-oProxyCommand=x',
    '-x@node1',
    'node1;id',
    'node1 id',
    '$(id)',
    'root@{a,b}',
    'a@b@c',
    '',
    'node1\n',
  ])('%j is none', async (word) => {
    await expect(readTargets([word], undefined)).rejects.toThrow(/is no host/);
  });

  test('and there must be one', async () => {
    await expect(readTargets([], undefined)).rejects.toThrow('no host is named');
  });
});

describe('what a shell on a host reads', () => {
  test('has every parameter, and ends its block with the last line', () => {
    const input = probeInput(
      { action: 'entries', targets: [], wanted: '10.42.0.0,02:00:00:00:00:01' },
      true,
    );
    expect(input).not.toContain('{{');
    expect(input).toContain("if answer 'entries' '10.42.0.0,02:00:00:00:00:01'; then");
    expect(input).toMatch(/^\{\n[\s\S]+\n\} <\/dev\/null\n$/);
  });

  test(`has nothing that ${WANTED_PATTERN} refuses`, () => {
    expect(() => probeInput({ action: 'entries', targets: [], wanted: "'; id; '" }, true)).toThrow(
      'characters',
    );
  });
});
