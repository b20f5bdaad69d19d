import { describe, expect, test } from 'vitest';
import { instanceIdOf } from '../lab/aws/ssm/shell-machine.ts';
import { envelope } from '../support/envelope.ts';
import { asked, control, described, read, took } from './masters.ts';
import { says } from './systems/ssm/watched.ts';

describe('a master that is hostile or broken', () => {
  test.for([
    ['says nothing', '', /without any output; .*disk is full/],
    ['answers another question', envelope('tables', 'host a\n'), /does not begin/],
    ['is cut off', took(1).slice(0, -20), /was cut/],
    ['lies about its length', took(1).replace('get-nodes', 'get-node'), /not as long/],
    ['sends colours', envelope('latency', 'L get-nodes 1 2 0 \u001B[31m\n'), /printable ASCII/],
    ['turns time back', envelope('latency', 'L get-nodes 2.00 1.00 0\n'), /not a latency/],
    ['invents a request', envelope('latency', 'L rm-rf 1.00 2.00 0\n'), /not understood/],
    ['asks too much of a number', envelope('latency', 'L get-nodes 1 1e999 0\n'), /not understood/],
  ] as const)('%s: a problem of its own, beside the others’ answers', async ([, text, why]) => {
    const made = control();
    says(made.ssm, 3, text);
    const known = await read(made, [await asked(made)]);
    expect(known.problems).toEqual([{ where: 'master3', message: expect.stringMatching(why) }]);
    expect(described(known)).toHaveLength(4);
    expect(known.unanswered.latencyCommand).toBeUndefined();
  });

  test('cannot speak for another: its name is that of its managed-node id', async () => {
    const made = control();
    const text = took(30).replace('host any', 'host two');
    const payload = text.split('\n').slice(1, -2).join('\n');
    says(made.ssm, 3, envelope('latency', `${payload}\n`));
    const known = await read(made, [await asked(made)]);
    expect(described(known)).toContain('master3 kubectl get nodes answered 30.0');
  });

  test('one that lists names that are none is not believed', async () => {
    const made = control();
    says(made.ssm, 3, took(1, ['ok', '$(reboot)', 'UPPER', '-']));
    const { names } = await read(made, [await asked(made)]);
    expect(names).toEqual(['master1', 'node1', 'master2', 'node2']);
  });

  test('a node that was not asked is not heard', async () => {
    const made = control();
    const question = await asked(made);
    const masters = { [instanceIdOf(1)]: 'master1' };
    const known = await read(made, [{ ...question, command: { ...question.command, masters } }]);
    expect(new Set(known.latencies.map(({ node }) => node))).toEqual(new Set(['master1']));
  });

  test('a failure is told with the known phrases in what the master said of it', async () => {
    const made = control();
    says(
      made.ssm,
      3,
      envelope(
        'latency',
        'L get-nodes 1.00 46.00 1\nE get-nodes error: dial tcp 10.0.0.1:6443: i/o timeout <!here>\nL /apis/x/v1 1.00 2.00 124\n',
      ),
    );
    const known = await read(made, [await asked(made)]);
    expect(known.latencies.filter(({ node }) => node === 'master3')).toEqual([
      {
        node: 'master3',
        request: { kind: 'get-nodes' },
        outcome: 'failed',
        seconds: 45,
        detail: 'i/o timeout',
      },
      {
        node: 'master3',
        request: { kind: 'api', path: '/apis/x/v1' },
        outcome: 'failed',
        seconds: 1,
        detail: 'no answer in that time',
      },
    ]);
  });
});
