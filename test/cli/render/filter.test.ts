import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { filtered } from '../../../cli/render/filter.ts';
import { FIELD, replayed } from '../replay/replayed.ts';

const report = await replayed(path.join(FIELD, 'mtu-of-one-node-differs'));

describe('a report of what somebody asks for', () => {
  test('has the incidents of a cause, and the verdict of the cluster', () => {
    expect(filtered(report, { cause: 'mtu-mismatch' }).incidents).toEqual(report.incidents);
    expect(filtered(report, { cause: 'stale-mac' }).incidents).toEqual([]);
    expect(filtered(report, { cause: 'stale-mac' }).verdict).toBe('incident');
  });

  test('has the incidents, latencies and problems that concern a node', () => {
    expect(filtered(report, { node: 'gpu-3' }).incidents).toEqual(report.incidents);
    expect(filtered(report, { node: 'gpu-1' }).incidents).toEqual([]);
  });

  test('names the word that was meant', () => {
    expect(() => filtered(report, { cause: 'mtu-mismach' })).toThrow('did you mean mtu-mismatch?');
    expect(() => filtered(report, { node: 'gpu3' })).toThrow('did you mean gpu-');
    expect(() => filtered(report, { node: 'elsewhere' })).toThrow(/in this report$/);
  });
});
