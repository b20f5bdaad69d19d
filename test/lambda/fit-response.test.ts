import { describe, expect, test } from 'vitest';
import { fitResponse } from '../../lambda/fit-response.ts';
import { type Report, reportSchema } from '../../shared/contract/report.ts';
import { reportOf } from '../../shared/core/run/report.ts';
import { cluster } from '../support/cluster.ts';
import { decided } from '../support/runs.ts';

/** Lambda's own limit is a little above. */
const SIX_MB = 6_000_000;

/** A report of one incident, which 59 observers have seen. */
const facts = cluster(60).lose('neighbour', { subject: 'node3' }).facts();
const report = reportOf(await decided(facts));

function reportWith(incidents: number, observers: number, entries = 59): Report {
  const [incident] = report.incidents;
  if (incident === undefined) throw new Error('the cluster has no incident');
  const names = Array.from({ length: observers }, (_, at) => `node${at}.example`);
  return {
    ...report,
    incidents: Array.from({ length: incidents }, (_, at) => ({
      ...incident,
      key: `demo/subject/node${at}`,
      observers: names,
      entries: incident.entries.slice(0, entries),
    })),
  };
}

describe('fitResponse', () => {
  test('leaves a report alone that fits', () => {
    expect(fitResponse(report)).toBe(report);
  });

  test.for([
    ['of many entries', reportWith(500, 59), 500],
    ['of many observers', reportWith(120, 5000), 120],
    ['of more incidents than anybody reads', reportWith(12_000, 59, 4), 1000],
  ] as const)('shortens a report %s, and says so', ([, long, incidents]) => {
    expect(JSON.stringify(long).length).toBeGreaterThan(SIX_MB);
    const short = reportSchema.parse(fitResponse(long));
    expect(JSON.stringify(short).length).toBeLessThanOrEqual(SIX_MB + 1000);
    expect(short.incidents.map(({ key }) => key)).toEqual(
      long.incidents.slice(0, incidents).map(({ key }) => key),
    );
    expect(short.incidents[0]).toMatchObject({
      checkedPeers: long.incidents[0]?.checkedPeers,
      missingPeers: long.incidents[0]?.missingPeers,
    });
    expect(short.problems.at(-1)).toMatchObject({
      where: 'report',
      message: expect.stringMatching(/^the report has \d+ bytes, and a response 6000000: /),
    });
  });

  test('an incident’s count of peers is told whatever is shortened', () => {
    const short = fitResponse(reportWith(120, 5000));
    expect(short.incidents[0]?.observers.length).toBeLessThanOrEqual(20);
    expect(short.verdict).toBe(report.verdict);
  });
});
