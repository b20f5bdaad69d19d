import { describe, expect, it } from 'vitest';
import type { Report } from '../../shared/contract/report.ts';
import type { Looks } from './cluster/cluster.ts';
import { DEVICE, type Stage, useCluster } from './use-cluster.ts';

/** How many ticks a busy computer has. */
const TICKS = 4;

const UNSETTLED = 'joining: the node list changed, and the masters have not yet agreed on its part';

describe('two masters that report the node list', () => {
  const the = useCluster({
    flanneld: 'newer',
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0 },
    reader: 'default',
  });

  /** What m2's kubectl prints of the nodes goes through this program of sed from now on. */
  const lieOnM2 = async (program: string): Promise<void> => {
    const wrapper = `#!/bin/sh
case "$*" in
  */api/v1/nodes*) "$(readlink -f /usr/local/bin/kubectl.real)" "$@" | sed '${program}' ;;
  *) exec "$(readlink -f /usr/local/bin/kubectl.real)" "$@" ;;
esac
`;
    await the.cluster.on('m2', 'mv /usr/local/bin/kubectl /usr/local/bin/kubectl.real');
    await the.cluster.machine('m2').write('/usr/local/bin/kubectl', wrapper);
    await the.cluster.on('m2', 'chmod +x /usr/local/bin/kubectl');
  };
  const stopLying = async (): Promise<void> => {
    await the.cluster.on('m2', 'mv /usr/local/bin/kubectl.real /usr/local/bin/kubectl');
  };

  it('one that lies about a pod CIDR makes that node unknown, and hides no other fault', async () => {
    const { podCidr } = the.cluster.host('w1');
    await lieOnM2(`s#${podCidr}#10.244.99.0/24#g`);
    const looks = await countedOf(the, ['m1', 'm2']);
    expect(looks.default.report.checked?.unchecked).toEqual([{ node: 'w1', reason: UNSETTLED }]);
    expect(listOf(looks.default.report)).toEqual({
      source: 'masters',
      nodes: 4,
      voters: ['m1', 'm2'],
      silent: [],
      unsettled: ['w1'],
    });
    expect(listOf(looks.kubeconfig.report)?.source).toBe('kubeconfig');

    const { tunnelIp } = the.cluster.host('w2');
    await the.cluster.on('m1', `ip neigh del ${tunnelIp} dev ${DEVICE}`);
    await the.expectSaid('a lost neighbour beside a master that lies', {
      default: [
        'incident',
        'pair/m1:w2 neighbour-missing critical open 1/2',
        'page opened pair/m1:w2',
      ],
      kubeconfig: [
        'incident',
        'pair/m1:w2 neighbour-missing warning open 1/3',
        'page opened pair/m1:w2',
      ],
    });
    await stopLying();
    await the.expectFixedAsSaid('a lost neighbour beside a master that lies');
  });

  it('one that invents a node adds none', async () => {
    await lieOnM2('s#"name":"w2"#"name":"w9"#g');
    const looks = await countedOf(the, ['m1', 'm2']);
    const { checked, hosts } = looks.default.report;
    expect(checked?.unchecked.map(({ node }) => node)).not.toContain('w9');
    expect([...hosts.observed, ...hosts.unknown]).not.toContain('w9');
    await stopLying();
    expect(await the.healed()).toBe(true);
  });

  it('both are made again, one after the other, under their names', async () => {
    for (const name of ['m1', 'm2']) {
      await the.cluster.leave(name);
      await the.forgotten(name);
      await the.cluster.join(name);
      await the.cluster.settled();
      await the.age();
      await the.expectSaid(`${name} was made again`, ['healthy']);
    }
    const looks = await countedOf(the, ['m1', 'm2']);
    expect(listOf(looks.default.report)).toEqual({
      source: 'masters',
      nodes: 4,
      voters: ['m1', 'm2'],
      silent: [],
      unsettled: [],
    });
    expect(looks.default.report.checked?.unchecked).toEqual([]);
  });

  it('one that is stopped is silent, and the other one’s list counts', async () => {
    await the.cluster.servers.get('m2')?.end();
    const looks = await countedOf(the, ['m1']);
    const { report } = looks.default;
    expect(listOf(report)).toEqual({
      source: 'masters',
      nodes: 4,
      voters: ['m1'],
      silent: ['m2'],
      unsettled: [],
    });
    expect(report.coverage?.nodeList?.ageSeconds).toBeLessThan(60);
    expect(report.problems.map(({ where }) => where)).toContain('m2');
  });
});

describe('two masters that are made again at once', () => {
  const the = useCluster({
    flanneld: 'newer',
    hosts: { m1: 0, m2: 0, w1: 0, w2: 0 },
    reader: 'default',
  });

  it('page nobody, and the list stands for an hour', async () => {
    const names = ['m1', 'm2'];
    for (const name of names) await the.cluster.leave(name);
    await the.forgotten(...names);
    for (const name of names) await the.cluster.join(name);
    await the.cluster.settled();
    await the.age();
    const looks = await countedOf(the, []);
    expect(listOf(looks.default.report)).toMatchObject({ source: 'masters', nodes: 4, voters: [] });
  });
});

/** Ticks until these masters' lists have counted: on a busy computer an answer may come too late. */
async function countedOf(the: Stage, voters: readonly string[]): Promise<Looks> {
  for (let ticks = 1; ; ticks++) {
    const looks = await the.look();
    for (const { report, pages } of Object.values(looks)) {
      expect([report.verdict, pages]).toEqual(['healthy', []]);
    }
    const counted = looks.default.report.coverage?.nodeList?.voters ?? [];
    if (ticks === TICKS || counted.join(' ') === voters.join(' ')) return looks;
  }
}

/** The report's node list, without its age. */
function listOf({ coverage }: Report) {
  if (coverage?.nodeList === undefined) return undefined;
  const { ageSeconds: _age, ...list } = coverage.nodeList;
  return list;
}
