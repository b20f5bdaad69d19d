import { describe, expect, test } from 'vitest';
import { EVENTS } from '../../../../shared/contract/telemetry.ts';
import type { Announcement } from '../../../../shared/core/incident/step.ts';
import { changeOf, eventOf, exceptionEvent } from '../../../../shared/core/telemetry/events.ts';
import { LOST_MASTER } from './sample-run.ts';

const NOW = Date.parse(LOST_MASTER.since) + 754_400;

function announced(
  kind: Announcement['kind'],
  incident: Announcement['incident'] = LOST_MASTER,
): Announcement {
  const before = kind === 'opened' ? undefined : LOST_MASTER;
  return { kind, reason: 'confirmed', pages: true, incident, before };
}

function eventsAbout(...announcements: readonly Announcement[]) {
  return announcements.map((one) => eventOf('lab', changeOf(one, NOW)));
}

describe('events of a run', () => {
  test('an opened incident is reported whole', () => {
    expect(eventsAbout(announced('opened'))).toEqual([
      {
        event: 'vtepwatch.incident.opened',
        severity: 'error',
        body: 'master1 unreachable from 4 of 4 nodes (neighbour-missing)',
        attributes: {
          'k8s.cluster.name': 'lab',
          'k8s.node.name': 'master1',
          'network.peer.address': '192.168.1.140',
          'vtepwatch.vtep.tunnel_ip': '10.68.0.0',
          'vtepwatch.vtep.mac': '36:9b:9c:53:4a:10',
          'vtepwatch.incident.id': 'lab/subject/master1',
          'vtepwatch.cause': 'neighbour-missing',
          'vtepwatch.scope': 'subject',
          'vtepwatch.incident.reason': 'confirmed',
          'vtepwatch.severity': 'critical',
          'vtepwatch.tables': ['neighbour'],
          'vtepwatch.checked_peers': 4,
          'vtepwatch.missing_peers': 4,
          'vtepwatch.peer.names': ['master2', 'master3', 'node1', 'node2'],
        },
      },
    ]);
  });

  test('an update says what was before, a resolve how long it lasted', () => {
    const smaller = { ...LOST_MASTER, missingPeers: 1, severity: 'warning' } as const;
    const [updated, resolved] = eventsAbout(announced('updated', smaller), announced('resolved'));
    expect(updated).toMatchObject({
      severity: 'warn',
      body: 'master1 unreachable from 1 of 4 nodes (neighbour-missing); before: 4, critical',
      attributes: {
        'vtepwatch.incident.previous_missing_peers': 4,
        'vtepwatch.incident.previous_severity': 'critical',
        'vtepwatch.incident.previous_cause': 'neighbour-missing',
      },
    });
    expect(resolved).toMatchObject({
      event: 'vtepwatch.incident.resolved',
      severity: 'info',
      body: 'Resolved after 754 s: lab/subject/master1 (neighbour-missing)',
      attributes: {
        'k8s.node.name': 'master1',
        'vtepwatch.severity': 'critical',
        'vtepwatch.scope': 'subject',
        'vtepwatch.missing_peers': 4,
        'vtepwatch.incident.duration': 754.4,
      },
    });
  });

  test('the event of a change that was stored first is the same, of any size', () => {
    const observers = Array.from({ length: 5000 }, (_, at) => `node${at}`);
    const [entry] = LOST_MASTER.entries;
    if (entry === undefined) throw new Error('the incident has no entry');
    const tables = ['neighbour', 'fdb', 'route'] as const;
    const large = {
      ...LOST_MASTER,
      scope: 'observer',
      observers,
      entries: observers.map((subject, at) => ({
        ...entry,
        subject,
        table: tables[at < 30 ? 0 : at % 3] ?? 'route',
      })),
    } as const;
    const change = changeOf(announced('worsened', large), NOW);
    expect(JSON.stringify(change).length).toBeLessThan(20_000);
    const { attributes } = eventOf('lab', change);
    expect(attributes).toEqual(
      eventOf('lab', { ...announced('worsened', large), at: NOW }).attributes,
    );
    expect(attributes).toMatchObject({
      'vtepwatch.tables': tables,
      'vtepwatch.peer.names': observers.slice(0, 20),
    });
  });

  test.for<[string, Partial<typeof LOST_MASTER>, string, readonly string[]]>([
    [
      'a row names its observer, and as peers those that it lost',
      { scope: 'observer', subject: undefined, observers: ['node1'] },
      'node1 cannot reach 4 of 4 nodes (neighbour-missing)',
      ['master1'],
    ],
    [
      'a pair names both',
      { scope: 'pair', observers: ['node1'] },
      'master1 unreachable from 4 of 4 nodes (neighbour-missing): node1',
      ['node1'],
    ],
    [
      'a cluster has no subject',
      { scope: 'cluster', subject: undefined, observers: ['node1', 'node2'] },
      '4 of 4 nodes cannot reach others: node1, ... (neighbour-missing)',
      ['node1', 'node2'],
    ],
    [
      'what may only be lost is not called lost',
      { cause: 'mtu-mismatch' },
      'master1 may lose large packets to 4 of 4 nodes (mtu-mismatch)',
      ['master2', 'master3', 'node1', 'node2'],
    ],
    [
      'a slow API server is about no packet between nodes',
      { cause: 'slow-control-plane', response: { seconds: 45 } },
      'kubectl get nodes takes 45 s on master1 (slow-control-plane)',
      ['master2', 'master3', 'node1', 'node2'],
    ],
    [
      'a fault that costs no peer says so of none',
      { missingPeers: 0, observers: [] },
      'master1: neighbour-missing',
      [],
    ],
  ])('%s', ([, change, body, peers]) => {
    const incident = { ...LOST_MASTER, ...change };
    expect(eventsAbout(announced('opened', incident))).toMatchObject([
      { body, attributes: { 'vtepwatch.peer.names': peers } },
    ]);
  });

  test('at most 20 peers are named', () => {
    const observers = Array.from({ length: 4999 }, (_, index) => `node${index}`);
    const [event] = eventsAbout(announced('opened', { ...LOST_MASTER, observers }));
    expect(event?.attributes).toMatchObject({
      'vtepwatch.peer.names': observers.slice(0, 20),
    });
  });

  test('text of a host is printable wherever it stands', () => {
    const hostile = '\u001b]0;x\u0007<b>\u202e';
    const incident = {
      ...LOST_MASTER,
      key: `lab/subject/${hostile}`,
      subject: hostile,
      observers: [hostile],
      vtep: { underlayIp: hostile, tunnelIp: hostile, mac: hostile },
    };
    const sent = JSON.stringify(
      eventsAbout(
        announced('opened', incident),
        announced('worsened', incident),
        announced('updated', incident),
        announced('resolved', incident),
      ),
    );
    expect(sent).toContain('?]0;x?<b>?');
    expect(sent).not.toMatch(/\\u001b|\\u0007|\u202e/);
  });

  test('every event has the attributes that the table requires, and no others', () => {
    const events = [
      ...eventsAbout(announced('opened'), announced('updated'), announced('resolved')),
      exceptionEvent('lab', { text: 'no lease', cause: new Error('no lease') }),
    ];
    expect(events.map(({ event }) => event)).toEqual(Object.keys(EVENTS));
    for (const { event, attributes } of events) {
      const { attributes: required, optional } = EVENTS[event];
      const allowed: readonly string[] = [...required, ...optional];
      expect(Object.keys(attributes)).toEqual(expect.arrayContaining([...required]));
      expect(allowed).toEqual(expect.arrayContaining(Object.keys(attributes)));
    }
  });

  test('a failed run is reported with its error and the innermost cause, cut to a bound', () => {
    const cause = new TypeError('y'.repeat(10_000));
    const event = exceptionEvent('lab', { text: 'x'.repeat(10_000), cause });
    expect(event).toMatchObject({
      severity: 'fatal',
      attributes: {
        'k8s.cluster.name': 'lab',
        'exception.type': 'TypeError',
        'exception.message': 'x'.repeat(4096),
        'exception.stacktrace': cause.stack?.slice(0, 4096),
      },
    });
  });
});
