import { expect, test } from 'vitest';
import { readClusters } from '../../infra/clusters.ts';
import { runbookAt } from '../../infra/runbook-link.ts';

const LINK = 'https://git.example.com/team/vtepwatch/blob/HEAD/RUNBOOK.md';

test.for([
  ['https://git.example.com/team/vtepwatch.git', LINK],
  ['https://git.example.com/team/vtepwatch', LINK],
  ['https://user:hunter2@git.example.com/team/vtepwatch.git', LINK],
  ['ssh://git@git.example.com:2222/team/vtepwatch.git', LINK],
  ['git@git.example.com:team/vtepwatch.git', LINK],
  [
    'git@git.example.com:team/sub.team/vtepwatch.git',
    'https://git.example.com/team/sub.team/vtepwatch/blob/HEAD/RUNBOOK.md',
  ],
] as const)('of a clone of %s, pages link to %s', ([remote, link]) => {
  expect(runbookAt(remote)).toBe(link);
});

test.for([
  [''],
  ['/srv/git/vtepwatch'],
  ['../main'],
  ['file:///srv/git/vtepwatch'],
  ['C:\\git\\x'],
])('a clone of "%s" has no address for a browser', ([remote = '']) => {
  expect(runbookAt(remote)).toBeUndefined();
});

test('what the settings name comes first', () => {
  const settings = [
    { name: 'one', tags: { vtepwatch: 'one' } },
    { name: 'two', tags: { vtepwatch: 'two' }, runbook: 'https://wiki.example.com/vtepwatch' },
  ];
  expect(readClusters(settings, { runbook: LINK }).map(({ runbook }) => runbook)).toEqual([
    LINK,
    'https://wiki.example.com/vtepwatch',
  ]);
  expect(readClusters(settings).map(({ runbook }) => runbook)[0]).toBe('RUNBOOK.md');
});
