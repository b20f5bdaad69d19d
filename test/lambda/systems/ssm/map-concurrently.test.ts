import { expect, test } from 'vitest';
import { mapConcurrently } from '../../../../lambda/systems/ssm/map-concurrently.ts';

/** Waits for some turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

test('results come in the order of their items, however long each takes', async () => {
  const items = [5, 0, 3, 1, 4];
  const doubled = await mapConcurrently(items, 2, async (item) => {
    await turns(item);
    return item * 2;
  });
  expect(doubled).toEqual([10, 0, 6, 2, 8]);
});

test.for([1, 3, 50])('at most %i are under way', async (width) => {
  let underWay = 0;
  let most = 0;
  await mapConcurrently([...Array(20).keys()], width, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await turns(item % 3);
    underWay -= 1;
  });
  expect(most).toBe(Math.min(width, 20));
});

test('nothing to do is done at once', async () => {
  expect(await mapConcurrently([], 5, async () => 1)).toEqual([]);
});

test('what fails fails the whole', async () => {
  const failing = mapConcurrently([1, 2], 5, async (item) => {
    if (item === 2) throw new Error('two');
  });
  await expect(failing).rejects.toThrow('two');
});
