import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { fixesOf } from '../../../support/fixes.ts';

describe('the line that sets entries on all hosts', () => {
  const site = {
    account: '123456789012',
    region: 'eu-central-1',
    targets: [{ Key: 'tag:vtepwatch', Values: ['prod'] }],
  };
  const linesOf = (damaged: Cluster): readonly string[] => {
    const identified = damaged.names.reduce(
      (sofar, name, at) =>
        sofar.answer(name, (answer) => ({
          ...answer,
          host: { ...answer.host, instanceId: `i-${String(at).padStart(17, '0')}` },
        })),
      damaged,
    );
    const judgement = judge(identified.facts());
    const [first] = judgement.findings.flatMap(fixesOf(judgement, { site }));
    return (first?.remotely ?? []).map((line) => line.replace(/ --max-concurrency.*/, ''));
  };
  const lost = { subject: 'master1' } as const;

  test('has their ids, of up to 50', () => {
    const [line = '', ...more] = linesOf(cluster(51).listed().lose('neighbour', lost));
    expect(more).toEqual([]);
    expect(line.match(/ i-0/g)).toHaveLength(50);
  });

  test('has the tag of the cluster, of more: each host decides for itself', () => {
    expect(linesOf(cluster(52).listed().lose('neighbour', lost))).toEqual([
      'aws ssm send-command --region eu-central-1 --document-name AWS-RunShellScript --targets Key=tag:vtepwatch,Values=prod',
    ]);
  });
});
