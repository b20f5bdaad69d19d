import { describe, expect, test } from 'vitest';
import { CAUSES } from '../../shared/contract/causes.ts';
import { INJECTED } from './injections.ts';
import { namedAs, outcomeTable, PAIRS } from './named.ts';

describe('with a node list', () => {
  test.for(INJECTED)('%s is named', (cause) => {
    expect(namedAs([cause], 'a node list')).toMatchObject([{ cause, outcome: 'right' }]);
  });

  test.for(PAIRS)('%s and %s at once are both named', ([one, two]) => {
    expect(namedAs([one, two], 'a node list')).toMatchObject([
      { cause: one, outcome: 'right' },
      { cause: two, outcome: 'right' },
    ]);
  });
});

describe.for(['earlier runs', 'neither'] as const)('without a node list, by %s', (knowledge) => {
  test.for([...INJECTED.map((cause) => [cause] as const), ...PAIRS])(
    'none is taken for another: %s, %s',
    (injected) => {
      const wrong = namedAs(injected, knowledge).filter(({ outcome }) => outcome === 'wrong');
      expect(wrong).toEqual([]);
    },
  );
});

/**
 * What is of the whole cluster, of API servers, shows in packets alone, or needs hosts that route directly. And of `mac-mismatch` the damage
 * has another name: it is what is left where nothing shows which of two MAC addresses is right.
 */
const OTHERS: ReadonlySet<string> = new Set([
  'partition',
  'blind',
  'not-vxlan',
  'control-plane-unreachable',
  'slow-control-plane',
  'overlay-blackhole',
  'direct-route-missing',
  'mac-mismatch',
]);

test('every other cause is injected', () => {
  expect(INJECTED).toEqual(CAUSES.filter((cause) => !OTHERS.has(cause)));
});

test('the table of outcomes is as it was last printed', async () => {
  await expect(outcomeTable()).toMatchFileSnapshot('outcomes.txt');
});
