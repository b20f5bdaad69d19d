import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import { programmed } from '../lab/machines/flannel.ts';
import type { Host } from '../lab/machines/machine.ts';
import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import { printed } from '../lab/machines/simulated/records.ts';
import { TABLES } from '../shared/contract/causes.ts';
import { decided } from './child.ts';
import type { Measurement, Progress } from './measurement.ts';

/**
 * Digests beside the plain way: each host sends its tables in full, gzipped, and `plain/judge.go`, a
 * program of some hundred lines, reads them one after the other and compares them with the node list.
 */

const SIZES = [10, 30, 100, 300, 1000, 5000] as const;

/** Hosts whose tables are written out and judged: what each costs more is the same for every one. */
const SAMPLE = 100;

/** Longer, and there is no figure. */
const SECONDS = 120;

export async function measurePlain(progress: Progress): Promise<readonly Measurement[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
  try {
    progress('building the plain program');
    const program = await buildPlain(directory);
    if (program === undefined) return [LEFT_OUT];
    const pairs: Pair[] = [];
    for (const nodes of SIZES) {
      progress(`digests and the plain way, ${nodes} nodes`);
      const digest = await decided(nodes, 'healthy', { seconds: SECONDS });
      if (digest === undefined) throw new Error(`${nodes} nodes: no decision in ${SECONDS} s`);
      const plain = await judgedPlainly(program, simulatedHosts(nodes));
      if (plain.wrong > 0) throw new Error(`${nodes} nodes: the plain way finds faults`);
      pairs.push({
        nodes,
        cpu: { ours: digest.cpuMilliseconds, plain: plain.cpuMilliseconds },
        bytes: { ours: digest.answerBytes, plain: plain.hostBytes },
        memory: { ours: digest.peakBytes, plain: plain.peakBytes },
      });
    }
    return [...pairs.flatMap(figures), ...breakEvens(pairs)].toSorted(
      (one, other) => WHATS.indexOf(one.what) - WHATS.indexOf(other.what),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const CPU = 'CPU of judging, answers read';
const BYTES = 'answer of a host';
const MEMORY = 'peak memory, ours with the lab’s own';
const CPU_PAYS = 'digests take less CPU from';
const BYTES_PAY = 'digests take fewer bytes from';
const WHATS: readonly string[] = [CPU, CPU_PAYS, BYTES, BYTES_PAY, MEMORY];

const LEFT_OUT: Measurement = {
  part: 'plain',
  nodes: undefined,
  what: CPU,
  value: undefined,
  unit: 'ms',
  note: 'left out: the plain way is built with Go, which is not here',
};

/** One figure of both ways. */
interface Both {
  readonly ours: number;
  readonly plain: number;
}

interface Pair {
  readonly nodes: number;
  readonly cpu: Both;
  readonly bytes: Both;
  readonly memory: Both;
}

function figures({ nodes, cpu, bytes, memory }: Pair): readonly Measurement[] {
  const one = { part: 'plain', nodes } as const;
  return [
    { ...one, what: CPU, value: cpu.ours, unit: 'ms', plain: cpu.plain },
    { ...one, what: BYTES, value: bytes.ours, unit: 'B', plain: bytes.plain },
    { ...one, what: MEMORY, value: memory.ours, unit: 'B', plain: memory.plain },
  ];
}

function breakEvens(pairs: readonly Pair[]): readonly Measurement[] {
  const one = { part: 'plain', nodes: undefined, unit: 'nodes' } as const;
  const paysFrom = (what: string, of: (pair: Pair) => Both): Measurement => {
    const value = breakEven(pairs.map((pair) => ({ nodes: pair.nodes, ...of(pair) })));
    return { ...one, what, value, ...(value === undefined ? { note: 'no size measured' } : {}) };
  };
  return [paysFrom(CPU_PAYS, ({ cpu }) => cpu), paysFrom(BYTES_PAY, ({ bytes }) => bytes)];
}

/**
 * The size from which our way takes less, on the straight line, in logarithms, between the last size at
 * which it takes more and the next one. Undefined where it takes more at the largest size.
 */
export function breakEven(
  sizes: readonly (Both & { readonly nodes: number })[],
): number | undefined {
  const gain = ({ ours, plain }: Both): number => Math.log(plain / ours);
  const last = sizes.findLastIndex((one) => gain(one) < 0);
  const [before, after] = [sizes[last], sizes[last + 1]];
  if (after === undefined) return undefined;
  if (before === undefined) return after.nodes;
  const share = -gain(before) / (gain(after) - gain(before));
  return Math.round(before.nodes * (after.nodes / before.nodes) ** share);
}

/** The built program; undefined where there is no Go. */
export async function buildPlain(directory: string): Promise<string | undefined> {
  const program = path.join(directory, 'judge');
  const source = path.join(import.meta.dirname, 'plain', 'judge.go');
  try {
    await promisify(execFile)('go', ['build', '-o', program, source]);
    return program;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error('building the plain program', { cause: error });
  }
}

const judgedSchema = z.object({
  hosts: z.number(),
  wrong: z.number(),
  setUpMilliseconds: z.number(),
  hostsMilliseconds: z.number(),
  peakBytes: z.number(),
});

interface JudgedPlainly {
  /** Of all hosts, from what the sample took. */
  readonly cpuMilliseconds: number;
  /** The gzipped tables of one host, on average. */
  readonly hostBytes: number;
  readonly peakBytes: number;
  /** Entries that are missing or wrong. */
  readonly wrong: number;
}

/** Judges hosts that hold what they must, but for these lines. */
export async function judgedPlainly(
  program: string,
  hosts: readonly Host[],
  isLost: (observer: Host, line: string) => boolean = () => false,
): Promise<JudgedPlainly> {
  const directory = await mkdtemp(path.join(path.dirname(program), 'tables-'));
  const list = hosts.map(({ name, podCidr, tunnelIp, vtepMac, underlayIp }) =>
    [name, podCidr, tunnelIp, vtepMac, underlayIp].join(' '),
  );
  await writeFile(path.join(directory, 'nodes.txt'), `${list.join('\n')}\n`);
  const lines = hosts.map((peer) => TABLES.map((table) => printed(programmed[table](peer))));
  let bytes = 0;
  const sample = hosts.slice(0, SAMPLE);
  for (const [at, host] of sample.entries()) {
    const own = lines
      .filter((_, peer) => peer !== at)
      .flat()
      .filter((line) => !isLost(host, line));
    const packed = gzipSync(`${own.join('\n')}\n`);
    bytes += packed.length;
    await writeFile(path.join(directory, `${host.name}.gz`), packed);
  }
  const { stdout } = await promisify(execFile)(program, [directory], { maxBuffer: 64 * 1024 ** 2 });
  const judged = judgedSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  const { setUpMilliseconds, hostsMilliseconds, peakBytes, wrong } = judged;
  return {
    cpuMilliseconds: setUpMilliseconds + (hostsMilliseconds * hosts.length) / sample.length,
    hostBytes: bytes / sample.length,
    peakBytes,
    wrong,
  };
}
