import { describe, expect, test } from 'vitest';
import { answerTo } from '../../../lab/control-plane/routes.ts';
import type { Answer } from '../../../lab/control-plane/collection.ts';

const KNOWN = {
  hosts: [],
  pod: { node: 'node2', ip: '10.68.4.133', listens: { host: '10.68.4.133', port: 6443 } },
  startedAt: Date.parse('2026-11-24T00:00:00Z'),
} as const;
const REACHED = {
  freshness: 'Current',
  availability: { available: true, reason: 'Passed', message: '' },
} as const;

/** As kubectl 1.27 and kubectl 1.33 word it. */
const ACCEPTS_V2BETA1 =
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
const ACCEPTS_V2 = `application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,${ACCEPTS_V2BETA1}`;

function answer(
  discovery: 'old' | 'aggregated',
  path: string,
  accept = 'application/json',
): Answer {
  const parameters = new URLSearchParams();
  const question = { path, parameters, accept, now: KNOWN.startedAt };
  return answerTo(question, { ...KNOWN, hosts: [], discovery }, REACHED);
}

describe('answerTo', () => {
  test.for([
    ['old', ACCEPTS_V2, { kind: 'APIGroupList' }],
    ['aggregated', 'application/json, */*', { kind: 'APIGroupList' }],
    ['aggregated', ACCEPTS_V2, { apiVersion: 'apidiscovery.k8s.io/v2' }],
    ['aggregated', ACCEPTS_V2BETA1, { apiVersion: 'apidiscovery.k8s.io/v2beta1' }],
  ] as const)('%s discovery, asked for %s, is %o', ([discovery, accept, document]) => {
    expect(answer(discovery, '/apis', accept)).toMatchObject({ kind: 'document', document });
  });

  test('what is aggregated says so by its content type', () => {
    expect(answer('aggregated', '/api', ACCEPTS_V2)).toMatchObject({
      contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
  });

  test('an API server of 1.14 has no /readyz', () => {
    expect(answer('old', '/readyz')).toEqual({ kind: 'not-found' });
    expect(answer('old', '/healthz')).toEqual({ kind: 'text', text: 'ok' });
    expect(answer('aggregated', '/readyz')).toEqual({ kind: 'text', text: 'ok' });
  });

  test.for([
    ['/apis/custom.metrics.k8s.io/v1beta1', 'proxied'],
    ['/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/*/http_requests', 'proxied'],
    ['/apis/custom.metrics.k8s.io', 'document'],
    ['/apis/custom.metrics.k8s.io/v1beta2', 'not-found'],
    ['/api/v1/nodes/nobody', 'not-found'],
    ['/api/v1/secrets', 'not-found'],
  ] as const)('%s is %s', ([path, kind]) => {
    expect(answer('old', path).kind).toBe(kind);
  });
});
