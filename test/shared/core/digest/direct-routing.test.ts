import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { digested, settled } from '../../../support/digested.ts';
import { routedDirectly } from '../../../support/direct-routing.ts';
import { verdictOf, wrongCells } from '../../../support/verdict.ts';

/** The first 256 nodes are in one subnet, the others in another. */
const PLAIN = cluster(266).listed();

const DIRECT = routedDirectly(PLAIN);

const [AT, NEAR, FAR] = ['master1', 'node9', 'node260'];

function sameFromBoth(damaged: Cluster): readonly string[] {
  const facts = damaged.facts();
  const judgement = judge(digested(facts));
  expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
  return wrongCells(judgement);
}

describe('with DirectRouting', () => {
  test('a host needs the overlay for none but the peers of other subnets', () => {
    expect(sameFromBoth(DIRECT)).toEqual([]);
  });

  test('a lost direct route is all that there was', () => {
    const lost = DIRECT.lose('route', { observer: AT, subject: NEAR });
    expect(sameFromBoth(lost)).toEqual([`${AT} ${NEAR} absent absent absent`]);
  });

  test('an entry of the overlay is missed where it is needed', () => {
    const lost = DIRECT.lose('neighbour', { observer: AT, subject: FAR });
    expect(sameFromBoth(lost)).toEqual([`${AT} ${FAR} absent right right`]);
  });

  test('routes of the company’s own are of no node', () => {
    const odd = DIRECT.answer(AT, (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        routes: [
          ...(answer.tables.routes ?? []),
          ...[1, 2, 3].map((at) => ({
            device: 'eth1',
            destination: cidr(`172.30.${at}.0/24`),
            gateway: ip('192.168.1.254'),
          })),
        ],
      },
    }));
    expect(sameFromBoth(odd)).toEqual([]);
  });

  test('a host that lost most of its direct routes is read in full', async () => {
    const subject = PLAIN.names.slice(1, 150);
    const facts = DIRECT.lose('route', { observer: AT, subject }).facts();
    const { judgement, asked } = await settled(facts);
    expect(asked).toEqual([[AT]]);
    expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
  });

  test('a host that claims more subnets than hosts have is asked in full', () => {
    const claiming = (count: number) => {
      const facts = digested(DIRECT.facts());
      const others = Array.from({ length: count }, (_, at) => cidr(`10.77.${at}.0/24`));
      const observations = facts.observations.map((one) =>
        one.kind === 'digest' && one.host.node === AT
          ? { ...one, digest: { ...one.digest, subnets: [...others, ...one.digest.subnets] } }
          : one,
      );
      return judge({ ...facts, observations }).matrix.unexplained;
    };
    expect(claiming(3)).toEqual([]);
    expect(claiming(4)).toEqual([[AT]]);
  });
});

test('without DirectRouting a static route does not make its host one that routes directly', () => {
  const odd = cluster(40)
    .listed()
    .answer('node1', (answer) => ({
      ...answer,
      tables: {
        ...answer.tables,
        routes: [
          ...(answer.tables.routes ?? []),
          { device: 'eth1', destination: cidr('172.30.1.0/24'), gateway: ip('192.168.1.254') },
        ],
      },
    }))
    .lose('fdb', { observer: 'node1', subject: 'node2' });
  expect(sameFromBoth(odd)).toEqual(['node1 node2 right absent right']);
});
