import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AnsweredPanel, NamedSeries } from '../../../lab/dashboard/answers.ts';
import { draw } from '../../../lab/dashboard/draw.ts';
import { type Panel, readDashboard } from '../../../lab/dashboard/panels.ts';

const MONITORING = path.join(import.meta.dirname, '..', '..', '..', 'infra', 'monitoring');

const { title, panels } = readDashboard(
  readFileSync(path.join(MONITORING, 'dashboard.json'), 'utf8'),
  'prod',
);

const RANGE = {
  from: new Date('2026-11-25T14:40:00Z'),
  to: new Date('2026-11-25T14:44:00Z'),
  stepSeconds: 60,
};

/** A series of these values, one a minute until the end of the range. */
function series(name: string, ...values: readonly number[]): NamedSeries {
  const end = RANGE.to.getTime() / 1000;
  return {
    name,
    labels: { k8s_cluster_name: name, k8s_node_name: name },
    samples: values.map((value, at) => ({
      unixSeconds: end - (values.length - 1 - at) * 60,
      value,
    })),
  };
}

/** Every panel has these series as the answer of each of its queries. */
function answered(...found: readonly NamedSeries[]): readonly AnsweredPanel[] {
  return panels.map((panel) => ({
    panel,
    answers: panel.type === 'row' ? [] : panel.targets.map(() => found),
  }));
}

function named(wanted: string): Panel {
  const panel = panels.find((one) => one.title === wanted);
  if (panel === undefined) throw new Error(`the dashboard has no panel "${wanted}"`);
  return panel;
}

describe('readDashboard', () => {
  test('reads a table with its label, its columns in order, and where its cells get a colour', () => {
    expect(named('Which nodes are unreachable, and why')).toMatchObject({
      label: { title: 'Node' },
      columns: ['Cut off from', 'Neighbour', 'FDB', 'Route', 'Checked from', 'Ghosts'].map(
        (column) => ({ title: column }),
      ),
      looks: new Map([
        [
          'Cut off from',
          {
            steps: [
              { value: Number.NEGATIVE_INFINITY, color: 'transparent' },
              { value: 1, color: 'red' },
            ],
          },
        ],
        ['Neighbour', { steps: expect.any(Array) }],
        ['FDB', { steps: expect.any(Array) }],
        ['Route', { steps: expect.any(Array) }],
        ['Checked from', {}],
        ['Ghosts', {}],
      ]),
    });
  });

  test('puts the cluster into titles and queries', () => {
    expect(named('Masters of prod').type).toBe('row');
    expect(JSON.stringify(panels)).not.toContain('$cluster');
  });
});

describe('draw', () => {
  test('has every panel by its title, with or without an answer', () => {
    for (const drawing of [answered(), answered(series('master1', 0, 5, 5))]) {
      const svg = draw(title, drawing, RANGE);
      for (const panel of panels) expect(svg).toContain(panel.title.slice(0, 30));
      expect(svg).not.toContain('NaN');
    }
  });

  test('a panel without an answer says what that means', () => {
    const svg = draw(title, answered(), RANGE);
    expect(svg).toContain('>No node is cut off from another</text>');
  });

  test('a word stands in place of the value that it is for', () => {
    const panel = named('API servers');
    const answers = [[series('master1', 1, 0), series('master2', 1, 1)]];
    const svg = draw(title, [{ panel, answers }], RANGE);
    expect(svg).toContain('>silent</text>');
    expect(svg).toContain('>up</text>');
  });

  test('a chart has the limit as a line of dashes, and names newest and largest', () => {
    const panel = named('kubectl get nodes, by master');
    const svg = draw(title, [{ panel, answers: [[series('master1', 0.4, 45, 35)]] }], RANGE);
    expect(svg).toContain('stroke-dasharray="6 4"');
    expect(svg).toContain('>master1  Last: 35 s  Max: 45 s</text>');
  });

  test('a table has the worst row on top, and a cell in colour only from its threshold on', () => {
    const panel = named('Which nodes are unreachable, and why');
    const column = [series('node1', 0), series('master1', 5)];
    const svg = draw(title, [{ panel, answers: [column] }], RANGE);
    expect(svg.indexOf('>master1<')).toBeLessThan(svg.indexOf('>node1<'));
    expect(svg.match(/<rect [^>]*fill="#f2495c"/g)).toHaveLength(1);
  });

  test('a name cannot leave its text', () => {
    const svg = draw(title, answered(series('<script>&', 1)), RANGE);
    expect(svg).toContain('&lt;script&gt;&amp;');
    expect(svg).not.toContain('<script');
  });
});
