import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketChecksum,
  bucketOf,
  leafChecksum,
  leafOf,
  NODE_BUCKETS,
  NODE_LEAVES,
  wantedLeaves,
} from '../../../../shared/contract/node-list.ts';
import { lineOfNode, nameInLine, nodeInLine } from '../../../../shared/core/parse/node-list.ts';
import { readRecord } from '../../../../shared/core/parse/answer.ts';
import { need } from '../latency/need.ts';
import { AWKS } from '../probe/awks.ts';
import { generatedLists } from './generated-lists.ts';
import { linesOf } from './node-list-oracle.ts';

const DIRECTORY = path.join(import.meta.dirname, '../../../../shared/contract/probe');

function program(...names: readonly string[]): string {
  return names.map((name) => readFileSync(path.join(DIRECTORY, `${name}.awk`), 'utf8')).join('');
}

const NODES = program('list', 'node-list');
const DAEMONSETS = program('list', 'daemonset-list');
const CHECKSUMS = program('node-checksums');

interface Program {
  readonly source: string;
  readonly variables?: readonly string[];
}

/** The lines that an awk prints with this program. */
async function printedBy(
  awk: string,
  { source, variables = [] }: Program,
  input: string,
): Promise<readonly string[]> {
  const [command = '', ...words] = awk === 'busybox' ? ['busybox', 'awk'] : awk.split(' ');
  const options = variables.flatMap((variable) => ['-v', variable]);
  const env = { ...process.env, LC_ALL: 'C' };
  const child = spawn(command, [...words, ...options, source], { env });
  // It stops reading what it does not believe.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [printed, complaints] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  expect(complaints).toBe('');
  return printed.split('\n').slice(0, -1);
}

/** Its lines; undefined where it has no line `end`. */
async function readBy(awk: string, list: string): Promise<readonly string[] | undefined> {
  const lines = await printedBy(awk, { source: NODES }, list);
  return lines.at(-1)?.startsWith('end ') === true ? lines : undefined;
}

const EACH_AWK = [...AWKS, 'gawk --posix'] as const;

describe.for(EACH_AWK)('a list of nodes as %s reads it', (awk) => {
  test('is what a JSON parser reads, whatever the values are', async ({ skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    await fc.assert(
      fc.asyncProperty(generatedLists, async (list) => {
        const lines = await readBy(awk, list);
        expect(lines).toEqual(linesOf(list));
        for (const line of lines?.slice(0, -1) ?? []) expect(readRecord(line)).toBeDefined();
      }),
      { numRuns: 150 },
    );
  });

  test.for(hostileLists())('is what a JSON parser reads: %s', async ([, list], { skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    expect(await readBy(awk, list)).toEqual(linesOf(list));
  });

  test('counts for nothing where it was cut, wherever that is', async ({ skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    const list = listOf(nodeNamed('a', { x: '"]\\' }), {
      status: { images: [{ names: ['x]', '['] }] },
    });
    const whole = list.trimEnd().length;
    for (let size = 0; size < whole; size += 3) {
      expect(await readBy(awk, list.slice(0, size))).toBeUndefined();
    }
    expect(await readBy(awk, list)).toBeDefined();
  });

  test.for([
    ['a name', '"name":"a"', '"name":"evil","name":"a"', 'unknown a'],
    ['a pod CIDR', '"podCIDR":', '"podCIDR":"6.6.6.0/24","podCIDR":', 'unknown a'],
    ['a spec', '"spec":', '"spec":{},"spec":', 'unknown a'],
  ] as const)('does not believe a node that has %s twice', async ([, from, to, line], { skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    const list = listOf(nodeNamed('a')).replace(from, to);
    expect(await readBy(awk, list)).toEqual([line, 'end 4711 1']);
  });

  test('has the checksums that TypeScript makes of its lines', async ({ skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    const wantedBuckets = fc.uniqueArray(fc.nat({ max: NODE_BUCKETS - 1 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(generatedLists, wantedBuckets, async (list, wanted) => {
        const lines = linesOf(list);
        if (lines === undefined) return;
        const nodes = lines.slice(0, -1);
        const inBuckets = (...buckets: readonly number[]): readonly string[] =>
          nodes.filter((line) => buckets.includes(bucketOf(nameInLine(line) ?? '')));
        const checksums = Array.from({ length: NODE_BUCKETS }, (_, at) =>
          bucketChecksum(inBuckets(at)),
        );
        const variables = [`wanted=${wanted.join(',')}`, 'whole=0', 'reader=awk'];
        const [, version, count] = lines.at(-1)?.split(' ') ?? [];
        // The order of the lines is of no account.
        const input = `${lines.toReversed().join('\n')}\n`;
        expect(await printedBy(awk, { source: CHECKSUMS, variables }, input)).toEqual([
          `checksums ${version} ${count} awk ${checksums.join('')}`,
          '@part',
          ...inBuckets(...wanted).toReversed(),
        ]);
      }),
      { numRuns: 40 },
    );
  });

  test('has the checksums of its leaves behind them, or the nodes of some', async ({ skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    await fc.assert(
      fc.asyncProperty(generatedLists, fc.nat(), async (list, at) => {
        const lines = linesOf(list);
        const nodes = lines?.slice(0, -1) ?? [];
        const chosen = nodes[at % Math.max(1, nodes.length)];
        if (lines === undefined || chosen === undefined) return;
        const leafOfLine = (line: string): number => leafOf(nameInLine(line) ?? '');
        const input = `${lines.join('\n')}\n`;
        const printed = async (wanted: string): Promise<readonly string[]> =>
          (
            await printedBy(
              awk,
              { source: CHECKSUMS, variables: [`wanted=${wanted}`, 'whole=0', 'reader=awk'] },
              input,
            )
          ).slice(1);
        const leaf = leafOfLine(chosen);
        const inLeaf = nodes.filter((line) => leafOfLine(line) === leaf);
        expect(await printed(wantedLeaves([leaf]))).toEqual(['@part', ...inLeaf]);
        const [, leaves = ''] = await printed('');
        const checksums = Array.from({ length: NODE_LEAVES }, (_, number) =>
          leafChecksum(nodes.filter((line) => leafOfLine(line) === number)),
        );
        expect(leaves).toBe(`leaves ${checksums.join('')}`);
      }),
      { numRuns: 10 },
    );
  });

  test('shows the DaemonSets of a CNI, and no others', async ({ skip }) => {
    need(skip, awk.split(' ')[0] ?? '');
    const tenants = Array.from({ length: 7 }, (_, at) =>
      daemonSet(`canal-${at}`, { type: 'OnDelete' }, 'tenant'),
    );
    const items = [
      daemonSet('kube-flannel-ds', { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }),
      daemonSet('canal', { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } }),
      ...tenants,
      daemonSet('calico-node', { type: 'OnDelete' }, 'calico-system'),
      daemonSet('fluentd', { type: 'OnDelete' }),
      daemonSet('flannel-a', { type: 'Sideways' }),
      daemonSet('flannel-b', { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '$(x)' } }),
      daemonSet('flannel-c', { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: null } }),
      daemonSet(`flannel-${'d'.repeat(60)}`, { type: 'OnDelete' }),
    ];
    const list = { kind: 'DaemonSetList', metadata: { resourceVersion: '5' }, items };
    expect(await printedBy(awk, { source: DAEMONSETS }, `${JSON.stringify(list)}\n`)).toEqual([
      'daemonset kube-system kube-flannel-ds RollingUpdate 1',
      'daemonset kube-system canal RollingUpdate 10%',
      'daemonset calico-system calico-node OnDelete -',
    ]);
  });
});

test('a line is the node that it was written from', () => {
  fc.assert(
    fc.property(generatedLists, (list) => {
      const lines = linesOf(list)?.slice(0, -1) ?? [];
      const nodes = lines.map(nodeInLine).filter((node) => node !== undefined);
      expect(nodes.map((node) => nodeInLine(lineOfNode(node)))).toEqual(nodes);
      expect(nodes).toHaveLength(lines.filter((line) => line.startsWith('node ')).length);
    }),
  );
});

type Item = Readonly<Record<string, unknown>>;

function nodeNamed(name: string, annotations: Item = {}): Item {
  return {
    metadata: {
      name,
      uid: '0c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11',
      creationTimestamp: '2026-11-26T01:02:03Z',
      labels: { 'node-role.kubernetes.io/control-plane': '' },
      annotations: {
        'flannel.alpha.coreos.com/backend-type': 'vxlan',
        'flannel.alpha.coreos.com/backend-data': '{"VNI":1,"VtepMAC":"8a:11:11:11:11:02"}',
        ...annotations,
      },
    },
    spec: { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  };
}

function daemonSet(name: string, updateStrategy: Item, namespace = 'kube-system'): Item {
  const template = { spec: { containers: [{ name: 'c', args: ['"updateStrategy":{'] }] } };
  return { metadata: { name, namespace }, spec: { template, updateStrategy } };
}

function listOf(...items: readonly unknown[]): string {
  return listWith({ items });
}

function listWith(fields: Item): string {
  const list = {
    kind: 'NodeList',
    apiVersion: 'v1',
    metadata: { resourceVersion: '4711' },
    ...fields,
  };
  return `${JSON.stringify(list)}\n`;
}

/** Lists that are meant to be misread, by what they do. */
function hostileLists(): readonly (readonly [string, string])[] {
  const b = nodeNamed('b');
  const fields = {
    podCIDR: '6.6.6.0/24',
    podCIDRs: '["6.6.6.0/24"]',
    providerID: 'aws:///x/i-6',
    uid: 'x',
    name: 'evil',
    type: 'InternalIP',
    address: '6.6.6.6',
    unschedulable: 'true',
    metadata: '{"name":"evil"',
  };
  const inner = listOf(nodeNamed('evil'));
  const texts = [
    '\\',
    '\\\\',
    '\\"',
    '"',
    '"]',
    ']"',
    '\\]',
    '":[',
    '":[{"names":["',
    ']}',
    ']}\n',
    '\u2028<>&',
    '\u0000',
    'é𝒳',
  ];
  const tedious = [':[', '":[', '\\', ']', '"', '{[', ','];
  let deep: unknown = 1;
  for (let level = 0; level < 200; level++) deep = [{ spec: deep }];
  return [
    ['annotations are called as fields', listOf(nodeNamed('a', fields), b)],
    [
      'a label is called as an annotation',
      listOf(
        {
          ...nodeNamed('a'),
          metadata: {
            name: 'a',
            labels: { ...fields, 'flannel.alpha.coreos.com/public-ip': '6.6.6.6' },
          },
        },
        b,
      ),
    ],
    ['an annotation is a whole list', listOf(nodeNamed('a', { last: inner }), b)],
    ['an annotation is a quoted list', listOf(nodeNamed('a', { last: JSON.stringify(inner) }), b)],
    ...texts.map(
      (text) =>
        [
          `a text is ${JSON.stringify(text)}`,
          listOf(
            {
              ...nodeNamed('a', { x: text, [text]: text }),
              status: { images: [{ names: [text, [text]] }], nodeInfo: { osImage: text } },
            },
            b,
          ),
        ] as const,
    ),
    ...tedious.map(
      (text) =>
        [
          `a text is long and made of ${text}`,
          listOf(nodeNamed('a', { x: text.repeat(20_000) }), {
            ...b,
            status: { images: [text.repeat(20_000)] },
          }),
        ] as const,
    ),
    ['skipped values are deep', listOf({ ...nodeNamed('a'), x: deep }, b)],
    [
      'a field is within itself',
      listOf(
        { ...nodeNamed('a'), spec: { spec: { podCIDR: '6.6.6.0/24' }, podCIDR: '10.42.1.0/24' } },
        b,
      ),
    ],
    ...['metadata', 'spec', 'status'].flatMap((key) =>
      [[], 'x', null, {}, 1].map(
        (value) =>
          [
            `${key} is ${JSON.stringify(value)}`,
            listOf({ ...nodeNamed('a'), [key]: value }, b),
          ] as const,
      ),
    ),
    ...[[], 'x', null, {}, 1, [[]], [nodeNamed('c')]].map(
      (value) =>
        [
          `a node is ${JSON.stringify(value).slice(0, 20)}`,
          listOf(nodeNamed('a'), value, b),
        ] as const,
    ),
    ['two nodes have one name', listOf(b, b)],
    ['there is no node', listOf()],
    ['items are null', listWith({ items: null })],
    ['items are an object', listWith({ items: {} })],
    ['it is a page', listWith({ items: [b], metadata: { resourceVersion: '1', continue: 'x' } })],
    [
      'it is a refusal',
      '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","code":403}\n',
    ],
    [
      'its own fields stand behind',
      `{"items":[${JSON.stringify(b)}],"metadata":{"resourceVersion":"5"},"kind":"NodeList"}\n`,
    ],
    ['it is indented', JSON.stringify(JSON.parse(listOf(b)), undefined, 4)],
    ['keys are escaped', listOf(b).replace('"podCIDR"', String.raw`"pod\u0043IDR"`)],
    ['text is behind it', `${listOf(b)}x`],
    ['another list is behind it', listOf(nodeNamed('a')) + listOf(b)],
    ['text is before it', `x${listOf(b)}`],
    ['it is empty', ''],
    ...[
      '{"a":1,}',
      '[1,]',
      '{,}',
      '{"a"}',
      '{1:2}',
      '["a" "b"]',
      '{"a":b}',
      '[1 2]',
      '{"a":1]',
      '[}',
    ].map(
      (bad) =>
        [`its JSON is bad: ${bad}`, listOf(b).replace('"items":', `"items":${bad},"x":`)] as const,
    ),
  ];
}
