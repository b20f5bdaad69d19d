import { expect, test } from 'vitest';
import { faultOf, outages, play } from '../../soak/delivery.ts';

/** The fault strikes before the fourth run; the tenth has resolved it. */
const STRIKES = 3;

const countOf = (kinds: readonly string[], wanted: string): number =>
  kinds.filter((kind) => kind === wanted).length;

test(
  'a page and its end come through both channels, whatever is away for three runs',
  { timeout: 120_000 },
  async () => {
    const outcomes = await outages((run) => run === STRIKES - 1 || run === STRIKES + 2);
    expect(outcomes.filter((one) => faultOf(one) !== undefined)).toEqual([]);
    const latest = (some: typeof outcomes): number =>
      Math.max(...some.map(({ late = Infinity }) => late));
    const away = outcomes.filter(({ call }) => call.service === 'sns');
    // The topic has it with the run after its outage. One that hangs may have it already: it waits longer.
    expect(latest(away.filter(({ fault }) => fault !== 'hanging'))).toBeLessThan(4 * 60);
    expect(latest(away)).toBeLessThan(6 * 60);
    // Whatever else is away holds up no page.
    expect(latest(outcomes.filter(({ call }) => call.service !== 'sns'))).toBeLessThan(20);
  },
);

test('a run that is killed again and again after its pending pages sends none of them twice', async () => {
  let published = 0;
  const { pages, posted } = await play(({ service, operation }, { run }) => {
    if (service === 'sns' && published++ === 0) return 'killed-before';
    const isStuck = run > STRIKES && run <= STRIKES + 3;
    return isStuck && service === 'ssm' && operation === 'SendCommand'
      ? 'killed-before'
      : undefined;
  }, 4);
  expect(
    countOf(
      pages.map(({ kind }) => kind),
      'opened',
    ),
  ).toBe(1);
  expect(
    countOf(
      pages.map(({ kind }) => kind),
      'resolved',
    ),
  ).toBe(1);
  expect(countOf(posted, 'resolved')).toBe(1);
});

test('writes of the state that hang hold up no page', async () => {
  const usual = await play();
  const { pages } = await play(
    ({ service, operation }, { run }) =>
      run === STRIKES && service === 'dynamodb' && operation === 'PutItem' ? 'hanging' : undefined,
    1,
  );
  const [[expected], [first]] = [usual.pages, pages];
  expect(first?.kind).toBe('opened');
  expect(((first?.at ?? Infinity) - (expected?.at ?? 0)) / 1000).toBeLessThan(20);
  expect(
    countOf(
      pages.map(({ kind }) => kind),
      'resolved',
    ),
  ).toBe(1);
});

test('a page whose answer is lost comes once more, though the answer to its event is lost, too', async () => {
  const { pages, events } = await play(
    ({ service }, { run }) =>
      run === STRIKES && (service === 'sns' || service === 'otlp') ? 'answer-lost' : undefined,
    4,
  );
  expect(
    countOf(
      pages.map(({ kind }) => kind),
      'opened',
    ),
  ).toBe(2);
  expect(countOf(events, 'vtepwatch.incident.opened')).toBeLessThanOrEqual(2);
  expect(countOf(events, 'vtepwatch.incident.resolved')).toBe(1);
  expect(pages.at(-1)?.kind).toBe('resolved');
});

test('while the table is away, one process pages once, and says that the page may come again', async () => {
  const usual = await play(undefined, 8);
  const { pages } = await play(({ service }, { run }) => {
    return service === 'dynamodb' && run >= STRIKES && run < STRIKES + 2 ? 'never-sent' : undefined;
  }, 8);
  const at = (kind: string, all: typeof pages): readonly number[] =>
    all.filter((page) => page.kind === kind).map((page) => Math.round(page.at / 60_000));
  expect(at('opened', pages)).toEqual(at('opened', usual.pages));
  expect(at('resolved', pages)).toHaveLength(1);
  expect(pages[0]?.text).toContain('this page may repeat');
});
