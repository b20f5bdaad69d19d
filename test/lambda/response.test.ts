import { describe, expect, test } from 'vitest';
import { returnable } from '../../lambda/response.ts';
import { type Report, reportSchema } from '../../shared/contract/report.ts';
import { decide } from '../../shared/core/decide.ts';
import { judge } from '../../shared/core/judge.ts';
import { cluster } from '../support/cluster.ts';

/** What Lambda returns. */
const MOST_BYTES = 6_291_556;

const names = Array.from({ length: 5000 }, (_, at) => `ip-10-0-${at}.eu-central-1.internal`);

/** A report of so many incidents, each with so many observers, and of so many problems. */
function reportOf(size: { incidents: number; observers: number; problems?: number }): Report {
  const facts = cluster(6).lose('neighbour', { subject: 'node3' }).facts();
  const { report } = decide(facts, { judgement: judge(facts), confirms: () => true }, []);
  const observers = names.slice(0, size.observers);
  return {
    ...report,
    incidents: Array.from({ length: size.incidents }, () => report.incidents)
      .flat()
      .map((incident) => ({ ...incident, observers })),
    problems: Array.from({ length: size.problems ?? 0 }, (_, at) => ({
      where: `node${at}`,
      message: 'x'.repeat(1000),
    })),
  };
}

describe('what a run returns', () => {
  test('is the whole report, where it fits', () => {
    const report = reportOf({ incidents: 30, observers: 4999 });
    expect(returnable(report)).toBe(report);
  });

  test.for([
    ['fifty nodes that all others have lost', { incidents: 50, observers: 4999 }, 50],
    ['ten thousand problems', { incidents: 1, observers: 5, problems: 10_000 }, 1],
    ['more incidents than fit', { incidents: 6000, observers: 5 }, 1500],
  ] as const)('is cut to what Lambda returns, and says so: %s', ([, size, shown]) => {
    const whole = reportOf(size);
    const report = returnable(whole);
    expect(Buffer.byteLength(JSON.stringify(whole))).toBeGreaterThan(MOST_BYTES);
    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThanOrEqual(MOST_BYTES);
    expect(reportSchema.parse(report).verdict).toBe('incident');
    expect(report.incidents).toHaveLength(shown);
    expect(report.problems.at(-1)?.message).toContain(
      `it shows ${shown} of ${whole.incidents.length} incidents`,
    );
  });
});
