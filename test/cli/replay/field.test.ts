import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Cause } from '../../../shared/contract/causes.ts';
import { FIELD, replayed } from './replayed.ts';

/** What a capture of a kind that people report shows. */
interface Expected {
  readonly verdict: 'healthy' | 'incident' | 'unjudged';
  /** Each as `cause subject: observers`. */
  readonly incidents: readonly `${Cause}${string}`[];
  /** Problems of which there must be one each. */
  readonly told?: readonly RegExp[];
}

const HEALTHY = { verdict: 'healthy', incidents: [] } as const;

const CAPTURES: Readonly<Record<string, Expected>> = {
  'route-n-healthy': HEALTHY,
  'arp-n-healthy': HEALTHY,
  'upper-case-host-name': HEALTHY,
  'prompt-lines-in-the-paste': {
    ...HEALTHY,
    told: [/^host1\/ip-neigh.txt: lines with the prompt of a shell, passed over: 1$/],
  },
  'paste-cut-in-the-last-line': {
    ...HEALTHY,
    told: [
      /^host2\/ip-neigh.txt: .* a line that was cut: "10\.1\.4\.0 dev flannel\.1 lladdr ee:"$/,
    ],
  },
  'ifconfig-for-links': {
    ...HEALTHY,
    told: [/^host1\/ip-link.txt: the output of ifconfig .*: capture ip -d -o link$/],
  },
  'routes-differ-routes-only': {
    verdict: 'unjudged',
    incidents: [],
    told: [/^c: 0 of 2 pairs of nodes could be checked$/],
  },
  'wireguard-native': {
    verdict: 'unjudged',
    incidents: [],
    told: [
      /^c: no VXLAN overlay was found on these hosts; they have flannel-wg; node annotations say wireguard$/,
    ],
  },
  'cilium-with-flannels-annotations': {
    verdict: 'unjudged',
    incidents: [],
    told: [/^c: no VXLAN overlay was found on these hosts; they have cilium_vxlan$/],
  },
  'fdb-of-no-machine-multiline': {
    verdict: 'incident',
    incidents: [
      'mac-mismatch server.localdomain: agent.localdomain',
      'mac-mismatch agent.localdomain: server.localdomain',
    ],
  },
};

describe('captures of the kinds that people report', () => {
  test.for(Object.entries(CAPTURES))('%s', async ([name, { verdict, incidents, told = [] }]) => {
    const report = await replayed(path.join(FIELD, name));
    const found = report.incidents.map(
      ({ cause, subject, observers }) => `${cause} ${subject ?? '-'}: ${observers.join(', ')}`,
    );
    expect(found.toSorted()).toEqual(incidents.toSorted());
    expect(report.verdict).toBe(verdict);
    const problems = report.problems.map(({ where, message }) => `${where}: ${message}`);
    for (const sentence of told) expect(problems).toContainEqual(expect.stringMatching(sentence));
  });
});
