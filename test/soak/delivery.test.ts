import { expect, test } from 'vitest';
import { CALL_FAULTS } from '../../soak/account/wire.ts';
import { faultOf, summaryOf, sweep } from '../../soak/delivery.ts';

test(
  'a page and its end come, whatever call goes wrong, and in whatever way',
  { timeout: 120_000 },
  async () => {
    // Of the many calls to DynamoDB every twentieth: `npm run soak -- --delivery` has them all.
    const outcomes = await sweep(
      ({ service }, at) =>
        service === 'sns' || service === 'otlp' || (service === 'dynamodb' && at % 20 === 0),
    );
    expect(new Set(outcomes.map(({ call }) => call.service))).toEqual(
      new Set(['sns', 'dynamodb', 'otlp']),
    );
    expect(outcomes.length).toBeGreaterThan(4 * CALL_FAULTS.length);
    expect(outcomes.filter((one) => faultOf(one) !== undefined)).toEqual([]);
    // A page comes twice only where its answer was lost or the function died, and so does an event.
    const twice = outcomes.filter(
      ({ openedPages, openedEvents }) => openedPages + openedEvents > 2,
    );
    const ways = new Set(twice.map(({ fault }) => fault));
    expect(ways.difference(new Set(['answer-lost', 'killed-before', 'killed-after']))).toEqual(
      new Set(),
    );
    // It comes with the next run, at the latest.
    expect(Math.max(...outcomes.map(({ late = Infinity }) => late))).toBeLessThan(75);
    expect(summaryOf(outcomes)).toHaveLength(CALL_FAULTS.length);
  },
);
