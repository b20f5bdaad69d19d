import { describe, expect, test } from 'vitest';
import type { Fix } from '../../../../shared/contract/report.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { fixesOf, installed, KEY } from '../../../support/fixes.ts';

const site = {
  account: '123456789012',
  region: 'eu-central-1',
  targets: [{ Key: 'tag:vtepwatch', Values: ['prod'] }],
};

const lost = { subject: 'master1' } as const;

/** The lines of the first step of a kind, where every host is known to Systems Manager. */
function linesIn(damaged: Cluster, kind: Fix['kind']): readonly string[] {
  const identified = damaged.names.reduce(
    (sofar, name, at) =>
      sofar.answer(name, (answer) => ({
        ...answer,
        host: { ...answer.host, instanceId: `i-${String(at).padStart(17, '0')}` },
      })),
    damaged,
  );
  const judgement = judge(identified.facts());
  const steps = judgement.findings.flatMap(fixesOf(judgement, { site }));
  return steps.find((step) => step.kind === kind)?.remotely ?? [];
}

describe('the line that sets entries on all hosts', () => {
  const linesOf = (damaged: Cluster): readonly string[] =>
    linesIn(damaged, 'entries').map((line) => line.replace(/ --max-concurrency.*/, ''));
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

describe('a block that is for some hosts alone', () => {
  const restartIn = (size: number): readonly string[] =>
    linesIn(installed(cluster(size).listed().lose('neighbour', lost), 'k3s'), 'restart');

  test('goes to up to 50 of them by their ids', () => {
    const [line = '', ...more] = restartIn(51);
    expect(more).toEqual([]);
    expect(line).toMatch(/^aws ssm send-command /);
    expect(line.match(/ i-0/g)).toHaveLength(50);
  });

  test('goes to more in batches of 50, whose ids a command prints: never to all hosts with the tag', () => {
    expect(restartIn(52)).toEqual([
      `npx --no vtepwatch show ${KEY} --ids --step 2 | xargs -n 50 aws ssm send-command --region eu-central-1 --document-name AWS-RunShellScript --query Command.CommandId --output text --max-concurrency 10% --max-errors 1 --parameters '{"commands":["systemctl restart k3s-agent"]}' --instance-ids`,
    ]);
  });
});
