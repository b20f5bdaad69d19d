import { expect, test } from 'vitest';
import { namesAfter } from '../../lambda/node-list.ts';

/** What is remembered of the names that masters list in a large cluster. */

const UNREAD = { nodes: nodesRead([]) };
const READ = { nodes: nodesRead(['master1']) };

function nodesRead(voters: readonly string[]) {
  const origin = { source: 'masters', ageSeconds: 60, voters, silent: [] } as const;
  return { kind: 'read', before: [], after: [], origin } as const;
}

const KNOWN = { nameSums: [['i-1', '2000 17']] } as const;

test.for([
  ['that are first listed are new to nobody', {}, [['i-1', '2000 17']], UNREAD, false],
  ['that are the same need no list', KNOWN, [['i-1', '2000 17']], UNREAD, false],
  ['that changed need the list', KNOWN, [['i-1', '2001 99']], UNREAD, true],
  ['that changed in a run that read it need no other', KNOWN, [['i-1', '2001 99']], READ, false],
  ['of a master that is silent have not changed', KNOWN, [['i-2', '2001 99']], UNREAD, false],
  [
    'that changed before need it until it is read',
    { ...KNOWN, isListStale: true },
    [['i-1', '2000 17']],
    UNREAD,
    true,
  ],
  ['are read then', { ...KNOWN, isListStale: true }, [['i-1', '2000 17']], READ, false],
] as const)('names %s', ([, before, now, list, isListStale]) => {
  const after = namesAfter(before, { nameSums: new Map(now) }, list);
  expect(after.isListStale).toBe(isListStale);
});

test('nothing is remembered of a small cluster', () => {
  expect(namesAfter({}, {}, READ)).toEqual({});
});
