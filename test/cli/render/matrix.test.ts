import { describe, expect, test } from 'vitest';
import { renderMatrix } from '../../../cli/render/matrix.ts';
import { renderReport } from '../../../cli/render/report.ts';
import { columnsOf } from '../../../cli/render/terminal.ts';
import type { Report } from '../../../shared/contract/report.ts';
import { recorded } from '../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../shared/core/run/report.ts';
import { run } from '../../../shared/core/run/run.ts';
import { type Cluster, cluster } from '../../support/cluster.ts';

async function reportFor(seen: Cluster): Promise<Report> {
  return reportOf(await run(seen.facts(), [], recorded([])));
}

/** The same report of nodes with other names. */
function renamed(report: Report, name: (node: string) => string): Report {
  return {
    ...report,
    hosts: { observed: report.hosts.observed.map(name), unknown: report.hosts.unknown.map(name) },
    incidents: report.incidents.map((incident) => ({
      ...incident,
      ...(incident.subject === undefined ? {} : { subject: name(incident.subject) }),
      observers: incident.observers.map(name),
      entries: incident.entries.map((entry) => ({
        ...entry,
        observer: name(entry.observer),
        subject: name(entry.subject),
      })),
    })),
  };
}

/** As Amazon EC2 names an instance. */
const amazonName = (node: string) =>
  `ip-10-0-0-${node.replaceAll(/\D/g, '')}${node.startsWith('m') ? 1 : 2}.eu-central-1.compute.internal`;

describe('renderMatrix', () => {
  test('is never wider than the terminal, and 500 nodes fit a screen', async () => {
    for (const size of [6, 24, 60, 500]) {
      const report = await reportFor(
        cluster(size).listed().lose('neighbour', { subject: 'master1' }),
      );
      for (const columns of [40, 80, 200]) {
        const lines = renderMatrix(report, columns);
        expect(lines).not.toEqual([]);
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
        expect(lines.length).toBeLessThanOrEqual(30);
      }
    }
  });

  test('cuts the end that all names have where they have no room, and says which', async () => {
    const seen = cluster(6).listed().lose('neighbour', { subject: 'master1' });
    const lines = renderMatrix(renamed(await reportFor(seen), amazonName), 100);
    expect(lines).toContain('all names end in .eu-central-1.compute.internal');
    expect(lines[0]).toMatch(/^ +ip-10-0-0-11 /);
    expect(lines.filter((line) => /^ip-10-0-0-\d+ +N /.test(line))).toHaveLength(5);
  });

  test('numbers the columns of 12 nodes where their names have no room', async () => {
    const seen = cluster(12).listed().lose('neighbour', { subject: 'master1' });
    const lines = renderMatrix(await reportFor(seen), 80);
    expect(lines[0]).toMatch(/^ +1 {2}2 {2}3 /);
    expect(lines[1]).toMatch(/^ 1 master1 +- +·/);
    expect(lines[2]).toMatch(/^ 2 master2 +N +- +·/);
  });

  test('says a whole column and a whole row of 60 nodes in a sentence each', async () => {
    const lost = cluster(60).listed().lose('neighbour', { subject: 'node3' });
    expect(renderMatrix(await reportFor(lost))).toEqual([
      '59 of 59 rows miss node3 (N)',
      'only what is wrong of 60 rows and 60 columns is shown',
    ]);
    const flushed = cluster(60).listed().lose('neighbour', { observer: 'node5' });
    expect(renderMatrix(await reportFor(flushed))[0]).toBe('row node5 misses 59 of 59 columns (N)');
  });

  test('shows the row and the column of one pair of 60, and no other', async () => {
    const seen = cluster(60).listed().lose('route', { observer: 'node7', subject: 'node9' });
    expect(renderMatrix(await reportFor(seen.silence('node11')), 200)).toEqual([
      '       1',
      'node7  R',
      'columns: 1 node9',
      'row: observer, column: subject; N neighbour, F FDB, R route entry missing or wrong; · nothing wrong listed',
      'only what is wrong of 60 rows and 60 columns is shown; 1 row could not be read',
    ]);
  });

  test('says which end it cut from the names of one pair of 60', async () => {
    const seen = cluster(60).listed().lose('route', { observer: 'node7', subject: 'node9' });
    const lines = renderMatrix(renamed(await reportFor(seen), amazonName));
    expect(lines.slice(0, 4)).toEqual([
      '              1',
      'ip-10-0-0-72  R',
      'columns: 1 ip-10-0-0-92',
      'all names end in .eu-central-1.compute.internal',
    ]);
  });

  test('has nothing to show of 60 healthy nodes', async () => {
    expect(renderMatrix(await reportFor(cluster(60).listed()))).toEqual([]);
  });

  test('lets no name move the terminal', async () => {
    const seen = cluster(60).listed().lose('neighbour', { subject: 'node3' });
    const report = renamed(await reportFor(seen), (node) => `${node}\u001B[2J`);
    expect(renderReport(report)).not.toContain('\u001B');
    expect(renderMatrix(report)[0]).toBe('59 of 59 rows miss node3?[2J (N)');
  });
});

describe('columnsOf', () => {
  test.for([
    [{ columns: 200 }, undefined, 200],
    [{ columns: 200 }, '90', 200],
    [{}, '90', 90],
    [{}, undefined, 80],
    [{}, 'wide', 80],
    [{ columns: 0 }, undefined, 40],
  ] as const)('%j, COLUMNS=%s: %d', ([stream, stated, columns]) => {
    expect(columnsOf(stream, stated)).toBe(columns);
  });
});
