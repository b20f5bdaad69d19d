import { expect, test } from 'vitest';
import { reportSchema } from '../../../../shared/contract/report.ts';
import type { Latency, LatencyRequest } from '../../../../shared/core/latency.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { cluster } from '../../../support/cluster.ts';
import { SITE } from '../../../golden/cases.ts';

function latency(request: LatencyRequest, askedAt?: number): Latency {
  const asked = askedAt === undefined ? {} : { askedAt };
  return { node: 'master1', request, outcome: 'no-answer', seconds: 18, detail: '', ...asked };
}

test('a latency is reported in words, and with the time at which it was asked', async () => {
  const hosts = recorded([
    latency({ kind: 'get-nodes' }),
    latency({ kind: 'readyz' }),
    latency({ kind: 'api', path: '/apis/metrics.k8s.io/v1beta1' }),
    latency({ kind: 'get-nodes-and-readyz' }),
    latency({ kind: 'aggregated-apis' }, Date.UTC(2026, 10, 26, 9, 0, 12)),
  ]);
  const decision = await run(cluster(6).listed().facts(), [], hosts);
  const { latencies } = reportSchema.parse(reportOf(decision));
  const reported = { node: 'master1', outcome: 'no-answer', seconds: 18, detail: '' };
  expect(latencies).toEqual([
    { ...reported, request: 'kubectl get nodes' },
    { ...reported, request: '/readyz' },
    { ...reported, request: '/apis/metrics.k8s.io/v1beta1' },
    { ...reported, request: 'kubectl get nodes and /readyz' },
    { ...reported, request: 'the aggregated APIs', askedAt: '2026-11-26T09:00:12.000Z' },
  ]);
});

test('hosts that Systems Manager knows are reported with their ids; those of a capture have none', async () => {
  const id = 'i-0123456789abcdef0';
  const whole = cluster(2).answer('master1', (answer) => ({
    ...answer,
    host: { ...answer.host, instanceId: id },
  }));
  const hostsIn = async (changes: object) =>
    reportOf(await run(whole.facts(changes), [], recorded([]))).hosts;
  const { ids } = await hostsIn({ site: SITE });
  expect(ids).toMatchObject({ master1: id });
  expect(await hostsIn({})).not.toHaveProperty('ids');
});
