import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitStatusOf } from '../../trial/conclusion.ts';
import { type Evidence, textOf } from '../../trial/evidence.ts';
import { HELP, readOptions } from '../../trial/options.ts';
import { planLines, removalCommands } from '../../trial/plan.ts';
import { estimateOf, usdFor } from '../../trial/prices.ts';
import { nextStepAfter, STEPS } from '../../trial/steps.ts';

const PLACE = { account: '111122223333', region: 'eu-central-1' };

function optionsOf(...words: readonly string[]): Exclude<ReturnType<typeof readOptions>, 'help'> {
  const options = readOptions(words);
  if (options === 'help') throw new Error('these words ask for help');
  return options;
}

describe('before it begins', () => {
  test('a trial shows account, Region, what it makes, breaks, costs and leaves', () => {
    const { instances, keep } = optionsOf();
    const lines = planLines(instances, PLACE, keep).join('\n');
    for (const words of [
      'in account 111122223333, Region eu-central-1.',
      'three t4g.small',
      'by ip neigh del as root on two of the instances',
      "it runs     the fix of vtepwatch's report, as root on these instances alone",
      'k3s v1.36.0+k3s1',
      'about 0.072 USD an hour while it is there: an estimate',
      'it leaves   nothing that costs',
    ]) {
      expect(lines).toContain(words);
    }
  });

  test('a trial that keeps all of it says so, and its instances end after a day', () => {
    const { instances, keep } = optionsOf('--keep');
    expect(planLines(instances, PLACE, keep).at(-1)).toContain('all of it (--keep)');
    expect([optionsOf().instances.lifeMinutes, instances.lifeMinutes]).toEqual([180, 1440]);
  });

  test('the price of a type that is not in the table is not known', () => {
    const { instances, keep } = optionsOf('--instance-type', 'm7g.large');
    expect(planLines(instances, PLACE, keep).join('\n')).toContain('not known for this type');
    expect(usdFor(estimateOf('m7g.large'), 60_000)).toBeUndefined();
  });

  test('half an hour costs half of what an hour does', () => {
    expect(usdFor({ usdAnHour: 1, source: '' }, 30 * 60_000)).toBe(0.5);
  });
});

describe('the options', () => {
  test.for([
    [['--name', 'prod'], '--name must be try, or try- and up to 20'],
    [['--instance-type', 'small'], '--instance-type must be a type such as t4g.small'],
    [['--k3s', 'latest'], '--k3s must be a release such as v1.36.0+k3s1'],
    [['--zone', 'eu'], '--zone must be a zone such as eu-central-1b'],
    [['--step-minutes', '0'], '--step-minutes must be a number up to 60; it is 0'],
    [['--keep', '--destroy'], 'take --keep or --destroy, not both'],
    [['--kep'], "Unknown option '--kep': see npm run try:aws -- --help"],
  ] as const)('%j are refused in a sentence', ([words, sentence]) => {
    expect(() => readOptions(words)).toThrow(sentence);
  });
});

test('the help and the documentation have the same exit statuses', () => {
  const documentation = readFileSync(new URL('../../docs/try-aws.md', import.meta.url), 'utf8');
  const [, table = ''] = documentation.split('| exit status');
  const documented = [...table.matchAll(/^\| ([\d, ]+?) +\|/gm)].flatMap(([, row = '']) =>
    row.split(', '),
  );
  const [, help = ''] = HELP.split('Exit status:');
  expect(help.match(/\b\d+\b/g)).toEqual(documented);
});

describe('after a failure', () => {
  test.for([
    ['instances', 'VcpuLimitExceeded: …', 'raise the quota "Running On-Demand Standard instances"'],
    ['instances', '… is not authorized to perform: cloudformation:CreateChangeSet', 'use cred'],
    ['vtepwatch', 'ExpiredToken: …', 'log in again'],
    ['instances', 'there is Vtepwatch-instances-try already: …', 'let the other trial end'],
    ['page', 'not done after 360 s', STEPS.page.next],
  ] as const)('in the step %s with "%s" one should %s', ([step, words, advice]) => {
    expect(nextStepAfter(step, words)).toContain(advice);
  });

  const failed = { step: 'page', doing: '', error: '', next: '', status: 2 } as const;
  test.for([
    [undefined, 0],
    [failed, 1],
    [{ ...failed, status: 69 }, 69],
    [{ ...failed, step: 'ready' }, 2],
  ] as const)('the exit status of %j is %i', ([of, status]) => {
    expect(exitStatusOf({ failed: of })).toBe(status);
  });

  test('the commands that remove what is left take the protection from the table first', () => {
    expect(removalCommands(PLACE, { stacks: ['Vtepwatch-try'], tables: ['T'] })).toEqual([
      'aws cloudformation delete-stack --region eu-central-1 --stack-name Vtepwatch-try',
      'aws dynamodb update-table --region eu-central-1 --table-name T --no-deletion-protection-enabled',
      'aws dynamodb delete-table --region eu-central-1 --table-name T',
    ]);
  });
});

describe('the evidence', () => {
  test('has no account ID, and no name of a person', () => {
    expect(
      evidenced([
        'arn:aws:sns:eu-central-1:111122223333:topic',
        'role/cdk-hnb659fds-deploy-role-111122223333-eu-central-1',
        's3://cdk-hnb659fds-assets-111122223333-eu-central-1/x.zip',
        'arn:aws:sns:eu-central-1:444455556666:topic',
        'User: arn:aws:sts::111122223333:assumed-role/Admin/erika@example.org is not authorized',
        '"arn:aws:iam::111122223333:user/people/erika"',
      ]),
    ).toEqual([
      'arn:aws:sns:eu-central-1:ACCOUNT:topic',
      'role/cdk-hnb659fds-deploy-role-ACCOUNT-eu-central-1',
      's3://cdk-hnb659fds-assets-ACCOUNT-eu-central-1/x.zip',
      'arn:aws:sns:eu-central-1:ACCOUNT:topic',
      'User: arn:aws:sts::ACCOUNT:assumed-role/NAME is not authorized',
      '"arn:aws:iam::ACCOUNT:user/NAME"',
    ]);
  });

  test('has every id of a host and a command', () => {
    const ids = [
      'mi-00000000444455556',
      'mi-11112222333300140',
      'i-0111122223333aabb',
      'i-a111122223333bbbb',
      'i-0444455556666aaaa',
      '01234567-89ab-cdef-0123-444455556666',
    ];
    expect(evidenced(ids)).toEqual(ids);
  });
});

/** What the file has where a host has printed these lines. */
function evidenced(output: readonly string[]): unknown {
  const evidence: Evidence = {
    format: 'vtepwatch-trial/1',
    outcome: 'failed',
    vtepwatch: '',
    region: '',
    instanceType: '',
    k3s: '',
    began: '',
    ended: '',
    cost: { ...estimateOf('t4g.small'), usd: 0 },
    steps: [],
    left: [],
    logs: [{ host: '', exit: 0, output }],
  };
  return JSON.parse(textOf(evidence, PLACE.account)).logs[0].output;
}
