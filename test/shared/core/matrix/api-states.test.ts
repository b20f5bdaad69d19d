import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Latency, RememberedApi } from '../../../../shared/core/latency.ts';
import { timedApis, withLateAnswers } from '../../../../shared/core/matrix/api-states.ts';

const LIMITS = { slowSeconds: 5 };

/** Seconds that `kubectl get nodes` took; `down`: both requests were refused; `?`: nothing has come. */
type Seen = number | 'down' | 'forbidden' | '?';

/** One run of a monitor of master1. */
interface Run {
  /** What came before the decision, and after it. */
  readonly sees?: Seen;
  readonly late?: Seen;
  /** What came of the run before, after that had ended; of silence, for how long. */
  readonly earlier?: Seen | { readonly silentFor: number };
  readonly isHeard?: boolean;
  readonly isExplained?: boolean;
}

/** `slow`, `unreachable` or `ok` of each run, `?` where it could not say; and what is remembered at the end. */
function play(runs: readonly Run[]): {
  readonly states: readonly string[];
  readonly remembered: RememberedApi | undefined;
} {
  let remembered: RememberedApi | undefined;
  const states = runs.map(({ sees = '?', late = sees, earlier = '?', ...run }) => {
    const latencies = [...asked(sees), ...asked(earlier, 1000)];
    const { isHeard = true, isExplained = false } = run;
    const master = { node: 'master1', before: remembered, isHeard, isExplained };
    const after = timedApis([master], latencies, LIMITS);
    [remembered] = withLateAnswers(after.remembered, latencies, asked(late));
    return after.states.get('master1')?.kind ?? '?';
  });
  return { states, remembered };
}

function asked(seen: NonNullable<Run['earlier']>, askedAt?: number): readonly Latency[] {
  if (seen === '?') return [];
  const of = (kind: 'get-nodes' | 'readyz' | 'get-nodes-and-readyz'): Latency => ({
    node: 'master1',
    request: { kind },
    outcome: 'answered',
    seconds: 0.05,
    detail: '',
    ...(askedAt === undefined ? {} : { askedAt }),
  });
  if (typeof seen === 'object') {
    return [{ ...of('get-nodes-and-readyz'), outcome: 'no-answer', seconds: seen.silentFor }];
  }
  if (typeof seen === 'number') return [{ ...of('get-nodes'), seconds: seen }, of('readyz')];
  const detail = seen === 'down' ? 'connection refused' : 'Forbidden';
  return [of('get-nodes'), of('readyz')].map((one) => ({ ...one, outcome: 'failed', detail }));
}

const see = (...seen: readonly Seen[]): readonly Run[] => seen.map((sees) => ({ sees }));

const USUAL = see(0.2, 0.2, 0.2, 0.2, 0.2);

describe('the state of an API server', () => {
  test.for<[string, readonly Run[], string]>([
    ['one slow answer says nothing', see(0.2, 6), 'ok ?'],
    ['two slow answers running do', see(0.2, 6, 6), 'ok ? slow'],
    ['a fast one between them ends the count', see(6, 0.2, 6), '? ok ?'],
    ['a run that measured nothing neither counts nor ends the count', see(6, '?', 6), '? ? slow'],
    ['what takes exactly the limit is not slow', see(5, 5), 'ok ok'],
    ['both requests refused, twice running', see('down', 'down'), '? unreachable'],
    ['one that fails once in a while is slow', see('down', 6, 'down', 6), '? slow slow slow'],
    ['slow, then silent', see(6, 6, 'down', 'down'), '? slow slow unreachable'],
    ['what an API server refuses was answered', see('forbidden', 'forbidden'), '? ?'],
    [
      'an answer after the decision counts in the next run',
      [{ late: 6 }, { late: 6 }, {}],
      '? ? slow',
    ],
    ['and is not counted twice', [{ late: 6 }, {}, {}], '? ? ?'],
    [
      'what the next run takes up is the measurement of the run before',
      [{}, { earlier: 45 }, { earlier: 45 }],
      '? ? slow',
    ],
    [
      'what has not come counts with its time so far',
      [{}, { earlier: { silentFor: 61 } }, { earlier: { silentFor: 61 } }],
      '? ? slow',
    ],
    [
      'but not where the script must have ended meanwhile',
      [{}, { earlier: { silentFor: 300 } }, { earlier: { silentFor: 300 } }],
      '? ? ?',
    ],
    [
      'nor where the host was silent in one of the two runs',
      [
        { isHeard: false },
        { earlier: { silentFor: 61 } },
        { earlier: { silentFor: 61 }, isHeard: false },
        { earlier: { silentFor: 61 } },
      ],
      '? ? ? ?',
    ],
    [
      'what something else explains is unknown, and does not count',
      [{ sees: 6 }, { sees: 6, isExplained: true }, { sees: 6 }, { sees: 6 }],
      '? ? ? slow',
    ],
    [
      'nor does what was asked while it was explained and is taken up later',
      [{ isExplained: true, late: 45 }, { earlier: 45 }, { earlier: 45 }],
      '? ? ?',
    ],
  ])('%s', ([, runs, states]) => {
    expect(play(runs).states.join(' ')).toBe(states);
  });

  test('five times the usual time is slow, where that is more than a second', () => {
    const after = (...seen: readonly Seen[]) => play([...USUAL, ...see(...seen)]).states.slice(5);
    expect(after(1.1, 1.1)).toEqual(['?', 'slow']);
    expect(after(0.99, 0.99)).toEqual(['ok', 'ok']);
    const slowCluster = play([...see(0.9, 0.9, 0.9, 0.9, 0.9), ...see(4.4, 4.6, 4.6)]);
    expect(slowCluster.states.slice(5)).toEqual(['ok', '?', 'slow']);
  });

  test('what is usual is not known from four answers', () => {
    expect(play([...USUAL.slice(1), ...see(1.1)]).states.slice(4)).toEqual(['ok']);
  });

  test('slow answers do not become usual, however long it lasts', () => {
    const { states, remembered } = play([...USUAL, ...see(...Array.from({ length: 50 }, () => 2))]);
    expect(states.at(-1)).toBe('slow');
    expect(remembered?.usual).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
  });
});

const anyRun: fc.Arbitrary<Run> = fc.record({
  sees: fc.constantFrom<Seen>(0.1, 0.4, 2, 6, 45, 'down', 'forbidden', '?'),
  isHeard: fc.boolean(),
  isExplained: fc.boolean(),
});

describe('over any runs', () => {
  test('what is remembered stays small', () => {
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 40 }), (runs) => {
        const { remembered } = play(runs);
        expect(remembered?.usual.length ?? 0).toBeLessThanOrEqual(12);
        expect(JSON.stringify(remembered ?? {}).length).toBeLessThan(300);
      }),
    );
  });

  test('no single measurement makes an API server slow or unreachable', () => {
    const fast = fc.constant<Run>({ sees: 0.1 });
    const apart = fc.array(fc.tuple(anyRun, fast), { maxLength: 20 }).map((runs) => runs.flat());
    fc.assert(
      fc.property(apart, (runs) => {
        const bad = play(runs).states.filter(
          (state) => state === 'slow' || state === 'unreachable',
        );
        expect(bad).toEqual([]);
      }),
    );
  });
});
