import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Report, reportSchema } from '../../shared/contract/report.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const SEED = path.join(ROOT, 'test', 'fixtures', 'seed-incident');

function vtepwatch(...words: readonly string[]) {
  return spawnSync(process.execPath, [path.join(ROOT, 'cli', 'vtepwatch.ts'), ...words], {
    encoding: 'utf8',
    cwd: ROOT,
  });
}

function replayed(moment: 'before' | 'after'): {
  readonly exit: number | null;
  readonly report: Report;
} {
  const { status, stdout } = vtepwatch('replay', path.join(SEED, moment), '--json');
  return { exit: status, report: reportSchema.parse(JSON.parse(stdout)) };
}

describe('the recorded incident, before the fix', () => {
  const { exit, report } = replayed('before');
  const [incident, ...others] = report.incidents;

  test('is one incident, and exit 1', () => {
    expect(exit).toBe(1);
    expect(others).toEqual([]);
    expect(report.verdict).toBe('incident');
  });

  test('names master1 with its underlay IP and its tunnel IP', () => {
    expect(incident).toMatchObject({
      scope: 'subject',
      cause: 'neighbour-missing',
      subject: 'master1',
      vtep: { underlayIp: '192.168.1.140', tunnelIp: '10.68.0.0' },
    });
  });

  test('is seen by one of one captured peers', () => {
    expect(incident).toMatchObject({ observers: ['master3'], checkedPeers: 1, missingPeers: 1 });
  });

  test('has the 45.0 s, and not the 0.452 s of a master that is well', () => {
    const ofTimes = incident?.evidence.filter((line) => line.includes('kubectl get nodes'));
    expect(ofTimes).toEqual(['master1: kubectl get nodes took 45.0 s']);
  });

  test('masked MAC addresses are a problem of the input, and no fix command holds one', () => {
    const masked = report.problems.find(({ where }) => where === 'MAC addresses');
    expect(masked?.message).toContain('36:9u:9c:53:4a:10');
    const commands = incident?.fix.flatMap(({ commands: some }) => some) ?? [];
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => command.includes(':9u:'))).toEqual([]);
    expect(commands.filter((command) => command.startsWith('ip neigh'))).toEqual([]);
  });

  test('nodes that were not captured are unknown', () => {
    expect(report.hosts).toEqual({
      observed: ['master1', 'master3'],
      unknown: ['master2', 'node1', 'node2'],
    });
  });

  test('a person reads the page that would have woken somebody', () => {
    const { stdout } = vtepwatch('replay', path.join(SEED, 'before'));
    expect(stdout).toContain(
      'master1 (192.168.1.140, tunnel IP 10.68.0.0) is unreachable from 1 of 1 nodes',
    );
    expect(stdout).toContain('found     10.68.0.0 dev flannel.1 INCOMPLETE, on master3');
  });
});

describe('the recorded incident, after the fix', () => {
  const { exit, report } = replayed('after');

  test('is no incident, and too thin a coverage to call it healthy', () => {
    expect(report.incidents).toEqual([]);
    expect(report.verdict).toBe('unjudged');
    expect(exit).toBe(2);
  });
});
