import { expect, test } from 'vitest';
import type { Latency } from '../../../../shared/core/latency.ts';
import { describeLatency } from '../../../../shared/core/report/incident-report.ts';

const QUICK: Latency = {
  node: 'master1',
  request: { kind: 'get-nodes' },
  outcome: 'answered',
  seconds: 0.1,
  detail: '',
};
const LOST: Latency = {
  ...QUICK,
  request: { kind: 'api', path: '/apis/metrics.k8s.io/v1beta1' },
  outcome: 'failed',
  seconds: 5,
  detail: 'ServiceUnavailable',
};
const SILENT: Latency = { ...QUICK, outcome: 'no-answer', seconds: 18 };
const ASKED_AT = Date.UTC(2026, 10, 26, 9, 0, 12);

test.for([
  [QUICK, 'master1: kubectl get nodes took 0.100 s'],
  [LOST, 'master1: /apis/metrics.k8s.io/v1beta1 failed after 5.00 s (ServiceUnavailable)'],
  // A master names its aggregated APIs as it likes.
  [
    { ...LOST, request: { kind: 'api', path: '/apis/call-0900-123456-now.example/v1' } },
    'master1: an aggregated API failed after 5.00 s (ServiceUnavailable)',
  ],
  [
    { ...LOST, request: { kind: 'api', path: '/apis/metrics.k8s.io/v1/call.0900.123456' } },
    'master1: an aggregated API failed after 5.00 s (ServiceUnavailable)',
  ],
  [
    { ...QUICK, seconds: 45, askedAt: ASKED_AT },
    'master1: kubectl get nodes took 45.0 s, asked at 09:00:12 UTC',
  ],
  [
    { ...SILENT, request: { kind: 'get-nodes-and-readyz' } },
    'master1: no answer yet from kubectl get nodes and /readyz after 18.0 s',
  ],
  [
    { ...SILENT, request: { kind: 'aggregated-apis' }, askedAt: ASKED_AT },
    'master1: no answer yet from the aggregated APIs after 18.0 s, asked at 09:00:12 UTC',
  ],
] as const)('a latency in words: %#', ([latency, words]) => {
  expect(describeLatency(latency)).toBe(words);
});
