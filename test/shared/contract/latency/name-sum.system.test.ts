import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WHOLE_LIST_NODES } from '../../../../shared/contract/node-list.ts';
import { AWKS, programsOf } from '../probe/awks.ts';
import { payloadOf, runProbe } from '../probe/run-probe.ts';
import { hostRoot, programs, scratchDirectory } from '../probe/scratch.ts';
import { need } from './need.ts';

/** What a master reports of the names that `kubectl get nodes` lists. */

/** Without the times of the requests. */
async function reported(awk: (typeof AWKS)[number], names: readonly string[]): Promise<string[]> {
  const table = path.join(scratchDirectory(), 'table');
  const rows = names.map((name) => `${name} Ready <none> 1d v1.33.1`);
  writeFileSync(table, `${['NAME STATUS ROLES AGE VERSION', ...rows].join('\n')}\n`);
  const root = hostRoot({ 'etc/kubernetes/admin.conf': '' });
  const kubectl = `case $* in *'get nodes') cat ${table} ;; esac`;
  const run = { action: 'latency', root, path: [programsOf(awk, 'dash'), programs({ kubectl })] };
  const lines = payloadOf(await runProbe(run));
  return lines.filter((line) => /^[KT] /.test(line));
}

const named = (count: number, other = 'x'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `ip-10-${at}.${at === 7 ? other : 'x'}-1.internal`);

test.for(AWKS)(
  'names up to so many, and of more their number and a sum, with %s',
  async (awk, { skip }) => {
    need(skip, awk);
    const few = await reported(awk, named(WHOLE_LIST_NODES));
    expect(few.join(' ').replaceAll('K ', '').split(' ')).toEqual(named(WHOLE_LIST_NODES));
    const [many = '', ...more] = await reported(awk, named(3000));
    expect(more).toEqual([]);
    expect(many).toMatch(/^T 3000 \d+$/);
    expect(await reported(awk, named(3000).toReversed())).toEqual([many]);
    const [renamed = ''] = await reported(awk, named(3000, 'y'));
    expect(renamed).toMatch(/^T 3000 \d+$/);
    expect(renamed).not.toBe(many);
  },
);
