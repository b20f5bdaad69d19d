import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Model } from '../../../../lab/machines/modelled/kernel.ts';
import { batch, single } from '../../../../lab/machines/modelled/commands.ts';

const RECORDED = path.join(
  import.meta.dirname,
  '../../../fixtures/iproute2-outputs/iproute2-v6.1.0',
);

const MAC = '8a:11:11:11:11:02';
const FLANNEL = {
  index: 3,
  name: 'flannel.1',
  kind: 'vxlan',
  up: true,
  mtu: 1450,
  mac: '8a:11:11:11:11:01',
  vxlan: { id: '1', local: '192.168.50.1', dev: 'eth0', dstport: '8472' },
} as const;

/** As much of the machine on which the outputs were recorded as the model can hold. */
const MODEL: Model = {
  nextIndex: 4,
  links: [FLANNEL],
  addresses: [{ device: 'flannel.1', address: '10.42.0.0/32' }],
  neighbours: [{ device: 'flannel.1', ip: '10.42.1.0', mac: MAC, state: 'PERMANENT' }],
  fdb: [{ device: 'flannel.1', mac: MAC, destination: '192.168.50.2', state: 'permanent' }],
  routes: [{ device: 'flannel.1', destination: '10.42.1.0/24', via: '10.42.1.0', onlink: true }],
};

describe('answer', () => {
  test.for([
    ['ip', '-d -o link show type vxlan', 'link-o-d.txt'],
    ['ip', '-o link show', 'link-o.txt'],
    ['ip', '-o addr show', 'addr-o.txt'],
    ['ip', 'neigh show', 'neigh-all.txt'],
    ['ip', 'neigh show dev flannel.1', 'neigh-dev.txt'],
    ['ip', 'neigh show nud all dev flannel.1', 'neigh-dev-nudall.txt'],
    ['bridge', 'fdb show', 'fdb-all.txt'],
    ['bridge', 'fdb show dev flannel.1', 'fdb-dev.txt'],
    ['ip', '-4 route show', 'route-all.txt'],
    ['ip', 'route show dev flannel.1', 'route-dev.txt'],
  ] as const)('%s %s prints lines of %s, to the last space', async ([program, words, file]) => {
    const recorded = (await readFile(path.join(RECORDED, file), 'utf8')).split('\n');
    const printed = single(program, MODEL, words.split(' ')).stdout.split('\n').slice(0, -1);
    expect(printed).not.toEqual([]);
    for (const line of printed) expect(recorded).toContain(line);
  });

  test.for([
    ['ip', 'neigh', '.err', 1],
    ['bridge', 'fdb', '.err', 255],
  ] as const)('%s %s refuses a device that is not there', async ([program, object, end, exit]) => {
    const complaint = await readFile(path.join(RECORDED, `nosuch-${object}${end}`), 'utf8');
    expect(single(program, MODEL, [object, 'show', 'dev', 'nosuch'])).toEqual({
      model: MODEL,
      stdout: '',
      stderr: complaint,
      exit,
    });
  });

  test.for(['ip n', 'ip neigh', 'ip neighbour list', 'ip neigh ls', 'ip nei sh'])(
    '%s is the same question',
    (command) => {
      const words = command.split(' ').slice(1);
      expect(single('ip', MODEL, words).stdout).toBe(
        '10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 PERMANENT \n',
      );
    },
  );

  test.for([
    'link set flannel.1 txqueuelen 100',
    'neigh show to 10.42.1.0 proxy',
    'route get 10.42.1.0',
    'route show 10.42.1.0/24 table all',
    'rule show',
    '-s link',
    '',
  ])('ip %s is not modelled, and is said not to be', (command) => {
    const words = command.split(' ');
    expect(single('ip', MODEL, words)).toMatchObject({ exit: 255, stdout: '' });
  });

  test('a plain flush spares permanent neighbours, an explicit one does not', () => {
    const flush = 'neigh flush dev flannel.1'.split(' ');
    expect(single('ip', MODEL, flush).model.neighbours).toHaveLength(1);
    expect(single('ip', MODEL, [...flush, 'nud', 'permanent']).model.neighbours).toEqual([]);
  });

  test('in a batch, what went before a failure stays done, and nothing comes after it', () => {
    const lines = 'neigh del 10.42.1.0 dev flannel.1\nlink del nosuch\nlink del flannel.1\n';
    const { model, stderr, exit } = batch('ip', MODEL, lines);
    expect(exit).toBe(1);
    expect(stderr).toBe('Cannot find device "nosuch"\nCommand failed -:2\n');
    expect(model).toEqual({ ...MODEL, neighbours: [] });
  });
});
