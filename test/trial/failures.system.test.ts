import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundleFunction } from '../../infra/bundle.ts';
import { FAULTS } from '../../lab/faults.ts';
import { STEPS, type StepName } from '../../trial/steps.ts';
import { type Account, INSTANCES, startAccount, VTEPWATCH } from './account.ts';
import { trial } from './running.ts';

const bundle = mkdtempSync(path.join(tmpdir(), 'vtepwatch-trial-'));
beforeAll(() => bundleFunction(bundle), 120_000);
afterAll(() => rmSync(bundle, { recursive: true, force: true }));

async function account(): Promise<Account> {
  const started = await startAccount(bundle);
  onTestFinished(() => started.close());
  return started;
}

const LONG = { timeout: 240_000 };

/** What goes wrong in a step, and what the evidence and the exit status then say. */
interface Mishap {
  readonly step: StepName;
  /** Before the trial begins, or when the step does. */
  readonly before?: (there: Account) => unknown;
  readonly meanwhile?: (there: Account) => unknown;
  readonly words?: readonly string[];
  readonly error: string;
  readonly next: string;
  readonly exit: number;
}

const REFUSED = {
  kind: 'refused',
  error: { type: 'AccessDenied', message: 'not yours', status: 403 },
} as const;

const REFUSED_BY_SSM = {
  kind: 'refused',
  error: { type: 'AccessDeniedException', message: 'not yours', status: 400 },
} as const;

const REFUSED_BY_SQS = {
  kind: 'garbled',
  status: 403,
  body: JSON.stringify({ __type: 'AccessDeniedException', message: 'not yours' }),
} as const;

const SEND_IT = 'send the evidence file with an issue: it has the reports';
const SOON = ['--step-minutes', '0.3'] as const;

const MISHAPS: readonly Mishap[] = [
  {
    step: 'instances',
    before: ({ failing }) =>
      failing.set(
        INSTANCES,
        'Your requested instance type is not supported in your requested Availability Zone',
      ),
    error: 'cdk deploy ended with 1: Your requested instance type is not supported',
    next: 'name another zone with --zone, or another type with --instance-type t3.small',
    exit: 2,
  },
  {
    step: 'vtepwatch',
    before: ({ failing }) => failing.set(VTEPWATCH, 'Resource handler returned a message'),
    error: 'cdk deploy ended with 1: Resource handler returned a message',
    next: 'read the output of the CDK above',
    exit: 2,
  },
  {
    step: 'mailbox',
    before: ({ world }) => world.aws.sns.gate.fail({ operation: 'Subscribe', fault: REFUSED }),
    error: 'subscribing the queue to the topic: these AWS credentials may not do that',
    next: 'use credentials that may deploy CDK stacks here; docs/try-aws.md lists what else the trial calls',
    exit: 77,
  },
  {
    step: 'managed',
    before: ({ world }) =>
      world.machines.machines.forEach(({ instanceId }) =>
        world.aws.ssm.behaveNode(instanceId, { kind: 'hibernates' }),
      ),
    words: SOON,
    error: 'not done after 18 s; last seen: 0 of 6 instances are online',
    next: STEPS.managed.next,
    exit: 2,
  },
  {
    step: 'ready',
    before: ({ world }) => world.machines.machines[0]?.write('/usr/local/bin/k3s', 'exit 1\n'),
    words: SOON,
    error: 'not done after 18 s; last seen: 0 of 6 nodes are Ready',
    next: STEPS.ready.next,
    exit: 2,
  },
  {
    step: 'healthy',
    before: ({ world }) => world.inflict(...FAULTS['device-down'].damage),
    words: SOON,
    error: 'not done after 18 s; last seen: incident, ',
    next: SEND_IT,
    exit: 1,
  },
  {
    step: 'fault',
    meanwhile: ({ world }) =>
      world.aws.ssm.gate.fail({ operation: 'SendCommand', fault: REFUSED_BY_SSM }),
    error: 'running commands on the hosts: these AWS credentials may not do that',
    next: 'use credentials that may deploy CDK stacks here; docs/try-aws.md lists what else the trial calls',
    exit: 77,
  },
  {
    step: 'page',
    meanwhile: ({ world }) => world.aws.sns.gate.fail({ operation: 'Publish', fault: REFUSED }),
    words: ['--step-minutes', '0.5'],
    error: 'not done after 30 s; last seen: no such page yet',
    next: SEND_IT,
    exit: 1,
  },
  {
    step: 'incident',
    meanwhile: ({ world }) => world.function.close(),
    error: 'running the function Vtepwatch-try-Checker',
    next: SEND_IT,
    exit: 1,
  },
  {
    step: 'fix',
    meanwhile: ({ world }) =>
      world.aws.ssm.gate.fail({ operation: 'SendCommand', fault: REFUSED_BY_SSM }),
    error: 'running commands on the hosts: these AWS credentials may not do that',
    next: 'use credentials that may deploy CDK stacks here; docs/try-aws.md lists what else the trial calls',
    exit: 77,
  },
  {
    step: 'resolved',
    meanwhile: ({ world }) =>
      world.aws.sns.gate.fail({ operation: 'ReceiveMessage', fault: REFUSED_BY_SQS }),
    error: 'reading the queue: ',
    next: 'use credentials that may deploy CDK stacks here; docs/try-aws.md lists what else the trial calls',
    exit: 77,
  },
];

describe('a trial that fails', LONG, () => {
  test.for(MISHAPS)(
    'in the step $step destroys what it has made, and says what failed and what to do',
    async ({ step, before, meanwhile, words, error, next, exit }) => {
      const there = await account();
      await before?.(there);
      const event =
        meanwhile === undefined
          ? undefined
          : { at: STEPS[step].title, act: () => meanwhile(there) };
      const ended = await trial(there, words, event);
      expect(ended.evidence?.failed).toMatchObject({
        step,
        doing: STEPS[step].title,
        error: expect.stringContaining(error),
        next,
      });
      expect(ended.evidence).toMatchObject({ outcome: 'failed' });
      expect(ended.evidence?.steps.slice(-2)).toMatchObject([
        { step, outcome: 'failed' },
        { step: 'destroy', outcome: 'done' },
      ]);
      expect(ended.exit).toBe(exit);
      expect(there.cloudFormation.standing()).toEqual([]);
    },
  );

  test('in the destruction says which commands remove what is left', async () => {
    const there = await account();
    there.failing.set(VTEPWATCH, 'enough');
    there.undeletable.set(INSTANCES, 'a network interface is in use');
    const { exit, evidence, stdout } = await trial(there);
    expect(evidence?.steps.at(-1)).toMatchObject({ step: 'destroy', outcome: 'failed' });
    expect(evidence?.left).toEqual([
      `aws cloudformation delete-stack --region eu-central-1 --stack-name ${INSTANCES}`,
    ]);
    expect(stdout).toContain(`    aws cloudformation delete-stack --region eu-central-1 `);
    expect(exit).toBe(2);
  });
});
