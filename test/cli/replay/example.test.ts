import path from 'node:path';
import { expect, test } from 'vitest';
import { replayed } from './replayed.ts';

const EXAMPLE = path.join(import.meta.dirname, '..', '..', 'fixtures', 'example-incident');

test('the example capture is judged whole: each node was checked, and the fix sets the lost entry', async () => {
  const report = await replayed(EXAMPLE);
  expect(report).toMatchObject({ verdict: 'incident', hosts: { unknown: [] }, problems: [] });
  expect(report.incidents).toMatchObject([
    {
      cause: 'neighbour-missing',
      otherCauses: [],
      subject: 'master1',
      checkedPeers: 5,
      missingPeers: 5,
    },
  ]);
  expect(report.incidents[0]?.fix[0]?.commands[0]).toContain(
    'ip neigh replace 10.68.0.0 lladdr 36:9b:9c:53:4a:10 dev flannel.1 nud permanent',
  );
});
