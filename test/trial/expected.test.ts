import { describe, expect, test } from 'vitest';
import { type Fix, reportSchema, type ReportedIncident } from '../../shared/contract/report.ts';
import { differences, incidentIn, missingOnPage, stepsToApply } from '../../trial/expected.ts';
import { faultCommands, tunnelIpIn } from '../../trial/fault.ts';
import { factsOf, readyNodes } from '../../trial/nodes.ts';
import { pageIn } from '../../trial/mailbox.ts';

const TRUTH = { victim: 'ip-10-77-0-9', peers: ['ip-10-77-0-7', 'ip-10-77-0-8'] };

const FIX: Fix = {
  kind: 'entries',
  hosts: TRUTH.peers,
  runs: 'on-hosts',
  commands: ['ip neigh replace …'],
};

const RESTART: Fix = {
  kind: 'restart',
  hosts: TRUTH.peers,
  runs: 'on-hosts',
  commands: ['systemctl restart k3s-agent'],
  condition: 'Only if that fails:',
};

function incident(changes: Partial<ReportedIncident> = {}): ReportedIncident {
  return {
    key: 'try/subject/ip-10-77-0-9',
    scope: 'subject',
    cause: 'neighbour-missing',
    otherCauses: [],
    severity: 'critical',
    phase: 'open',
    since: '2026-11-23T09:00:00Z',
    subject: TRUTH.victim,
    observers: ['ip-10-77-0-8', 'ip-10-77-0-7'],
    checkedPeers: 2,
    missingPeers: 2,
    entries: [],
    evidence: [],
    fix: [FIX, RESTART],
    ...changes,
  };
}

describe('a report of the fault', () => {
  const report = reportSchema.parse({
    cluster: 'try',
    at: '2026-11-23T09:00:00Z',
    verdict: 'incident',
    hosts: { observed: [], unknown: [] },
    incidents: [incident({ subject: 'other' }), incident()],
    problems: [],
    latencies: [],
  });

  test('is about the victim, by the right cause and observers', () => {
    const found = incidentIn(report, TRUTH);
    expect(found?.subject).toBe(TRUTH.victim);
    expect(differences(incident(), TRUTH)).toEqual([]);
  });

  test.for<[Partial<ReportedIncident>, string]>([
    [{ cause: 'fdb-missing' }, 'the cause is fdb-missing, not neighbour-missing'],
    [
      { observers: ['ip-10-77-0-7'] },
      'the observers are ip-10-77-0-7, not ip-10-77-0-7, ip-10-77-0-8',
    ],
  ])('that says otherwise is wrong: %j', ([changes, sentence]) => {
    expect(differences(incident(changes), TRUTH)).toEqual([sentence]);
  });

  test('has steps that are done at once, and others that are not', () => {
    expect(stepsToApply(incident())).toEqual([FIX]);
  });
});

describe('a page', () => {
  const page = { at: '', text: [], kind: 'opened', key: '' };

  test('must name victim and cause', () => {
    const subject = '[CRITICAL] try: ip-10-77-0-9 unreachable (neighbour-missing)';
    expect(missingOnPage({ ...page, subject }, TRUTH)).toEqual([]);
    expect(missingOnPage({ ...page, subject: 'something' }, TRUTH)).toEqual([
      'ip-10-77-0-9',
      'neighbour-missing',
    ]);
  });

  test('is read from what SNS puts into a queue, with nothing that moves a cursor', () => {
    const attribute = (Value: string) => ({ Type: 'String', Value });
    const envelope = {
      Subject: 'a',
      Message: 'one\u001b[2J\ntwo\n',
      Timestamp: '2026-11-23T09:00:00.000Z',
      MessageAttributes: { kind: attribute('opened'), key: attribute('k'), severity: {} },
    };
    expect(pageIn(JSON.stringify(envelope))).toEqual([
      {
        at: '2026-11-23T09:00:00.000Z',
        subject: 'a',
        text: ['one?[2J', 'two'],
        kind: 'opened',
        key: 'k',
      },
    ]);
    expect(pageIn('{}')).toEqual([]);
    expect(pageIn('no JSON')).toEqual([]);
  });
});

describe('the tunnel address that the victim shows', () => {
  test.for([
    ['3: flannel.1    inet 10.42.1.0/32 scope global flannel.1\\ valid_lft forever', '10.42.1.0'],
    ['3: flannel.1    inet 10.42.1.0/24 scope global flannel.1', undefined],
    ['3: flannel.1    inet 10.42.1.0;reboot/32 scope global', undefined],
    ['3: flannel.1    inet 999.42.1.0/32 scope global', undefined],
    ['3: flannel.1    inet 255.255.255.255/32 scope global', undefined],
    ['', undefined],
  ] as const)('in "%s" is %s', ([line, address]) => {
    expect(tunnelIpIn([line])).toBe(address);
  });

  test('stands in commands that show the entry, delete it, and show it again', () => {
    expect(faultCommands('10.42.1.0')).toEqual([
      'ip neigh show 10.42.1.0 dev flannel.1',
      'ip neigh del 10.42.1.0 dev flannel.1',
      'ip neigh show 10.42.1.0 dev flannel.1',
    ]);
  });
});

describe('what the instances print', () => {
  test('of nodes: those are counted that are Ready', () => {
    const output = [
      'ip-10-77-0-7   Ready      control-plane   3m   v1.36.0+k3s1',
      'ip-10-77-0-8   NotReady   <none>          1m   v1.36.0+k3s1',
      'ip-10-77-0-9   Ready,SchedulingDisabled   <none>   1m   v1.36.0+k3s1',
    ];
    expect(readyNodes({ host: 'i-1', exit: 0, output })).toBe(2);
    expect(readyNodes({ host: 'i-1', exit: 1, output })).toBe(0);
  });

  test('of versions: what is missing is not known', () => {
    const output = ['kernel 6.1.158', 'flannel github.com/flannel-io/flannel v0.28.4', 'k3s '];
    expect(factsOf({ host: 'i-1', exit: 0, output })).toEqual({
      host: 'i-1',
      versions: {
        os: 'not known',
        kernel: '6.1.158',
        iproute2: 'not known',
        agent: 'not known',
        k3s: 'not known',
        flannel: 'github.com/flannel-io/flannel v0.28.4',
      },
    });
  });
});
