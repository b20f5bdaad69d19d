import path from 'node:path';
import { expect, test } from 'vitest';
import { withTargets } from '../../../cli/ssh/fix-targets.ts';
import { openCapture } from '../../../cli/replay/captured-files.ts';
import { FIXTURES, replayedFiles } from '../replay/replayed.ts';

const TARGETS = new Map([['master3', 'ops@10.0.0.3']]);

test('a loop over ssh has the targets that were named, and one of kubectl the nodes', async () => {
  const report = await replayedFiles(
    await openCapture(path.join(FIXTURES, 'seed-incident', 'before')),
  );
  const [incident] = report.incidents;
  if (incident === undefined) throw new Error('the seed has no incident');
  const [, ...others] = incident.fix;
  const entries = {
    kind: 'entries',
    runs: 'on-hosts',
    hosts: ['master3', 'node1'],
    commands: ['ip neigh replace'],
    remotely: [
      "for n in master3 node1; do echo 'ip neigh replace' | ssh $n sudo sh; done",
      "for n in $(npx --no vtepwatch show c/subject/x --hosts --step 1); do echo 'ip' | ssh $n sudo sh; done",
    ],
  } as const;
  const restart = {
    kind: 'restart',
    runs: 'anywhere',
    hosts: ['master3', 'node1'],
    commands: [
      'for n in $(npx --no vtepwatch show c/subject/x --hosts --step 2); do kubectl delete pod --field-selector spec.nodeName=$n; done',
    ],
  } as const;
  const fix = [
    {
      ...entries,
      hosts: [...entries.hosts],
      commands: [...entries.commands],
      remotely: [...entries.remotely],
    },
    { ...restart, hosts: [...restart.hosts], commands: [...restart.commands] },
    ...others,
  ];
  const changed = withTargets({ ...report, incidents: [{ ...incident, fix }] }, TARGETS);
  const [first, second] = changed.incidents[0]?.fix ?? [];
  expect(first?.remotely).toEqual([
    "for n in ops@10.0.0.3 node1; do echo 'ip neigh replace' | ssh $n sudo sh; done",
    "for n in ops@10.0.0.3 node1; do echo 'ip' | ssh $n sudo sh; done",
  ]);
  expect(second?.commands).toEqual([
    'for n in master3 node1; do kubectl delete pod --field-selector spec.nodeName=$n; done',
  ]);
});
