import { describe, expect, test } from 'vitest';
import { minimise } from '../../soak/minimise.ts';
import type { Story, StoryEvent } from '../../soak/story.ts';

/** flanneld is restarted on a node of this number. */
function event(number: number): StoryEvent {
  return { at: 600 + number * 10, kind: 'restart-flanneld', node: `node${number}`, downFor: 5 };
}

const STORY: Story = {
  name: 'test',
  nodes: 20,
  masters: 3,
  keepsMac: true,
  ticks: 45,
  events: Array.from({ length: 9 }, (_, number) => event(number)),
};

function nodesIn({ events }: Story): readonly string[] {
  return events.flatMap((one) => (one.kind === 'restart-flanneld' ? [one.node] : []));
}

describe('minimise', () => {
  test('leaves the events that the failure needs, a small cluster and no beginning', async () => {
    const shortest = await minimise(STORY, async (story) => {
      const last = story.events.at(-1)?.at ?? 0;
      const fails = ['node2', 'node7'].every((node) => nodesIn(story).includes(node));
      return fails && story.nodes >= 7 && story.ticks * 60 > last + 60 ? last + 60 : undefined;
    });
    expect(nodesIn(shortest)).toEqual(['node2', 'node7']);
    expect(shortest).toMatchObject({ nodes: 8, ticks: 6, events: [{ at: 140 }, { at: 190 }] });
  });

  test('leaves a story alone that does not fail so', async () => {
    expect(await minimise(STORY, async () => undefined)).toBe(STORY);
  });
});
