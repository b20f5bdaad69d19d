import { expect, test } from 'vitest';
import { parseHostAnswer } from '../../../../shared/core/parse/host-answer.ts';
import { record, sealed } from '../../../../lab/machines/simulated/records.ts';

/** The peers that are read of a host whose answer has these records, or `unknown`. */
function ipsOf(records: readonly string[]): readonly string[] {
  const text = sealed('packets', [
    record('host', { node: 'node1' }),
    record('boot', { bootId: 'one', uptime: '864000.25' }),
    ...records,
  ]);
  const read = parseHostAnswer('packets', { instanceId: 'i-0123456789abcdef0', text });
  return read.kind === 'tables' ? (read.packets?.tried ?? []).map(({ ip }) => ip) : [read.kind];
}

function lost(ip: string): string {
  return record('tried', { ip, small: 'lost', full: 'lost', tcp: 'lost' });
}

test('a peer counts once, however often a host names it', () => {
  expect(ipsOf(Array.from({ length: 8 }, () => lost('10.42.1.0')))).toEqual(['10.42.1.0']);
});

test('more peers than a host is asked for make no answer', () => {
  expect(ipsOf(Array.from({ length: 9 }, (_, at) => lost(`10.42.${at}.0`)))).toEqual(['unknown']);
});

test('a peer to which no overlay route leads was not tried', () => {
  const nowhere = { small: undefined, full: undefined, tcp: undefined } as const;
  const records = [record('tried', { ip: '10.42.1.0', ...nowhere }), lost('10.42.2.0')];
  expect(ipsOf(records)).toEqual(['10.42.2.0']);
});
