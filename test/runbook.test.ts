import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALERT_NAMES } from '../infra/monitoring/alerts.ts';
import { CAUSES, runbookAnchorOf } from '../shared/contract/causes.ts';
import type { ReportedIncident } from '../shared/contract/report.ts';
import { SILENCES } from '../shared/core/silence.ts';
import { pageOf } from '../shared/core/page/page.ts';
import { runbookBlock, withBlock } from './golden/runbook-block.ts';

/** The sections that are about no cause, before and after those that are. */
const BEFORE = ['Contents', 'How to read a page'];
const AFTER = ['alarms', 'could not judge', 'undelivered pages', 'alerts of your backend'];

const PARTS = ['Do this first', 'Fix', 'Check', 'Why', 'May it wait', 'Whom to call'];

const ROOT = path.join(import.meta.dirname, '..');

const runbook = await readFile(path.join(ROOT, 'RUNBOOK.md'), 'utf8');
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((section): [string, string] => {
      const [title = '', ...lines] = section.split('\n');
      return [title, lines.join('\n')];
    }),
);

/** The bold words with which the paragraphs of a section begin. */
function partsOf(title: string): readonly string[] {
  return (sections.get(title) ?? '')
    .split(/\n+(?=\n)/)
    .flatMap((paragraph) => /^\n\*\*([^*.]+)\.?[^*]*\*\*/.exec(paragraph)?.[1] ?? []);
}

/** The anchor that GitHub gives a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');
}

describe('hosts that did not answer', () => {
  test.for(Object.values(SILENCES))('"$brief" has a row', ({ brief }) => {
    expect(sections.get('could not judge')).toContain(`\n| \`${brief}\` `);
  });
});

describe('problems', () => {
  /** The words of the code's messages, without those that are another message as a whole. */
  const messages = Array.from(globSync('{shared/core,lambda}/**/*.ts', { cwd: ROOT }), (file) => {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    return Array.from(
      source.matchAll(/\b(?:message|reason|brief):\s*(`[^`]*`|'[^'\n]*'|"[^"\n]*")/g),
      ([, text = '']) =>
        text
          .slice(1, -1)
          .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
          .map((words) => words.trim().slice(0, 20).trim())
          .filter((words) => words.includes(' ') && words.length > 10),
    );
  })
    .flat()
    .filter((words) => words.length > 0);

  test.for(messages)('"%s": the runbook has these words', (words) => {
    const text = runbook.replaceAll(/\s+/g, ' ');
    expect(['', ...words].filter((some) => some !== '' && text.includes(some))).not.toEqual([]);
  });

  test('are looked for', () => {
    expect(messages.length).toBeGreaterThan(30);
  });
});

describe('the runbook', () => {
  test('has a section for every cause and every alert, in their order, and none for another', () => {
    const titles = [...runbook.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    expect(titles).toEqual([...BEFORE, ...CAUSES.map(runbookAnchorOf), ...AFTER, ...ALERT_NAMES]);
  });

  test.for(CAUSES)('%s: its parts stand in their order, each once', (cause) => {
    expect(partsOf(cause)).toEqual(PARTS);
  });

  test.for(ALERT_NAMES)('%s: meaning, look and fix', (alert) => {
    expect(partsOf(alert)).toEqual(['Do this first', 'Meaning', 'Look', 'Fix']);
  });

  test.for(CAUSES)('%s: its first line says what to do first', (cause) => {
    expect(sections.get(cause)).toMatch(/^\n\*\*Do this first\. [A-Z][^*\n]{10,140}\.\*\*\n/);
  });

  test('each alarm begins with what to do first', () => {
    const alarms = (sections.get('alarms') ?? '').split(/^### /m).slice(1);
    expect(alarms.length).toBeGreaterThan(5);
    expect(alarms.filter((alarm) => !/^.*\n\n\*\*Do this first\. /.test(alarm))).toEqual([]);
  });

  test.for(CAUSES)('%s: its commands are those of the page', async (cause) => {
    const section = sections.get(cause) ?? '';
    expect(withBlock(section, await runbookBlock(cause))).toBe(section);
    expect(section).toContain('```text\n');
  });
});

describe('the contents', () => {
  test('lead to every cause, and to nothing that is not there', () => {
    const links = Array.from(
      (sections.get('Contents') ?? '').matchAll(/\]\(#([^)]+)\)/g),
      ([, to]) => to,
    );
    const anchors = new Set(
      [...runbook.matchAll(/^###? (.*)$/gm)].map(([, title = '']) => anchorOf(title)),
    );
    expect(links.filter((link = '') => !anchors.has(link))).toEqual([]);
    expect(CAUSES.filter((cause) => !links.includes(runbookAnchorOf(cause)))).toEqual([]);
  });
});

describe('the line of a page that leads to the runbook', () => {
  test.for(CAUSES)('%s: the page ends with a section that is there', (cause) => {
    const line = textOf('opened', cause).trimEnd().split('\n').at(-1);
    const [, section = ''] = /^Runbook {3}RUNBOOK\.md#(\S+)$/.exec(line ?? '') ?? [];
    expect([...sections.keys()].map(anchorOf)).toContain(section);
    expect(section).toBe(runbookAnchorOf(cause));
  });

  test('a page that comes again because it is worse has it too', () => {
    expect(textOf('worsened', 'fdb-missing')).toContain('\nRunbook   RUNBOOK.md#fdb-missing\n');
  });

  test('what is resolved needs no runbook', () => {
    expect(textOf('resolved', 'fdb-missing')).not.toContain('RUNBOOK');
  });
});

function textOf(
  kind: 'opened' | 'worsened' | 'resolved',
  cause: ReportedIncident['cause'],
): string {
  const incident: ReportedIncident = {
    key: 'demo/subject/master1',
    scope: 'subject',
    cause,
    otherCauses: [],
    severity: 'critical',
    phase: kind === 'resolved' ? 'resolved' : 'open',
    since: '2026-11-23T03:00:00.000Z',
    subject: 'master1',
    observers: ['master2', 'node1'],
    checkedPeers: 2,
    missingPeers: 2,
    entries: [],
    evidence: [],
    fix: [],
  };
  return pageOf({ kind, incident }, { cluster: 'demo', now: Date.UTC(2026, 10, 23, 3) }).text;
}
