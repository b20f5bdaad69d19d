import { quote } from './parsed.ts';
import type { Parsed } from './parsed.ts';
import { wordsOf } from './words.ts';

/** A timed `kubectl get nodes`, as a person records it. */
interface KubectlNodes {
  readonly names: readonly string[];
  /** What the shell's `time` measured. */
  readonly seconds: number | undefined;
}

/** What stands behind a node's name; behind the first word of a complaint stands something else. */
const STATUS = /^(Ready|NotReady|Unknown)(,|$)/;

/** Reads the table of `kubectl get nodes` and, below it, the `real 0m45.0s` of `time`. */
export function parseKubectlNodes(where: string, text: string): Parsed<KubectlNodes> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const header = lines.findIndex((line) => /^NAME\s+STATUS\b/.test(line));
  const timed = lines.findIndex((line) => /^(real|user|sys)\s/.test(line));
  const rows = header < 0 ? [] : lines.slice(header + 1, timed < 0 ? undefined : timed);
  const names = rows
    .map(wordsOf)
    .filter(([, status = '']) => STATUS.test(status))
    .map(([name = '']) => name)
    .filter(isNodeName);
  const real = lines.map(secondsOf).find((seconds) => seconds !== undefined);
  const understood = header >= 0 || real !== undefined || lines.length === 0;
  const message = `not the output of kubectl get nodes: ${quote(lines[0] ?? '')}`;
  return {
    value: { names, seconds: real },
    problems: understood ? [] : [{ where, message }],
  };
}

/** A DNS subdomain, as Kubernetes names its nodes (RFC 1123). */
export function isNodeName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);
}

/** `real    0m45.0s`, and the `real 45.00` of `time -p`. */
function secondsOf(line: string): number | undefined {
  const found = /^real\s+(?:(\d{1,6})m)?(\d{1,6}(?:\.\d{1,9})?)s?\s*$/.exec(line);
  return found === null ? undefined : Number(found[1] ?? 0) * 60 + Number(found[2]);
}
