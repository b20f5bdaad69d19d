import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../soak/virtual-clock.ts';

const START = 1_000_000;

describe('VirtualClock', () => {
  test('an hour of pauses passes at once, in its order', async () => {
    const clock = new VirtualClock(START);
    const seen: string[] = [];
    const sleep = async (name: string, seconds: number): Promise<void> => {
      await clock.pause(seconds * 1000);
      seen.push(`${name} at ${(clock.now() - START) / 1000}`);
    };
    await clock.live(Promise.all([sleep('late', 3600), sleep('early', 5), sleep('also early', 5)]));
    expect(seen).toEqual(['early at 5', 'also early at 5', 'late at 3600']);
  });

  test('a timeout ends a pause that would last longer', async () => {
    const clock = new VirtualClock(START);
    await clock.live(clock.pause(60_000, clock.timeout(2000)));
    expect(clock.now()).toBe(START + 2000);
  });

  test('a timeout that nobody waits for keeps no time going', async () => {
    const clock = new VirtualClock(START);
    const signal = clock.timeout(60_000);
    await clock.live(clock.pause(10));
    expect([clock.now(), signal.aborted]).toEqual([START + 10, false]);
  });

  test('time stands still while work goes on', async () => {
    const clock = new VirtualClock(START);
    const turn = async (): Promise<void> => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    };
    await clock.live(turn().then(turn).then(turn));
    expect(clock.now()).toBe(START);
  });

  test('what the work throws comes out', async () => {
    const clock = new VirtualClock(START);
    const failing = clock.pause(5).then(() => {
      throw new Error('the work failed');
    });
    await expect(clock.live(failing)).rejects.toThrow('the work failed');
  });
});
