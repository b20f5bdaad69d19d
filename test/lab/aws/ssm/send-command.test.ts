import { ListCommandInvocationsCommand } from '@aws-sdk/client-ssm';
import type { SendCommandCommandInput } from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { startSsm } from '../../../../lab/aws/ssm/ssm.ts';
import { DOCUMENT, answering, documentOf, invocations } from './account.ts';
import type { Account } from './account.ts';
import { absentMachine, instanceIdOf } from './shell-machine.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => instanceIdOf(n));

/** The service's own words, but for the id and the account. */
const NOT_VALID = /^Instances \[\[mi-0+77\]\] not in a valid state for account 000000000000$/;

describe('what SendCommand refuses', () => {
  const refused: readonly {
    readonly because: string;
    readonly input: Partial<SendCommandCommandInput>;
    readonly name: string;
    readonly message?: RegExp;
  }[] = [
    {
      because: 'more than 50 ids',
      input: { InstanceIds: ids(51) },
      name: 'ValidationException',
      message: /at 'instanceIds' failed .* length less than or equal to 50$/,
    },
    {
      because: 'what is no instance id',
      input: { InstanceIds: ['node1'] },
      name: 'ValidationException',
      message: /Value "node1" at 'instanceIds.0'/,
    },
    {
      because: 'an id that is not registered',
      input: { InstanceIds: [instanceIdOf(1), instanceIdOf(77)] },
      name: 'InvalidInstanceId',
      message: NOT_VALID,
    },
    {
      because: 'a target that names an id that is not registered',
      input: { Targets: [{ Key: 'InstanceIds', Values: [instanceIdOf(1), instanceIdOf(77)] }] },
      name: 'InvalidInstanceId',
      message: NOT_VALID,
    },
    {
      because: 'an id that is given twice',
      input: { InstanceIds: [instanceIdOf(1), instanceIdOf(1)] },
      name: 'DuplicateInstanceId',
    },
    { because: 'neither ids nor targets', input: { InstanceIds: [] }, name: 'ValidationException' },
    {
      because: 'both ids and targets',
      input: { Targets: [{ Key: 'tag:cluster', Values: ['lab'] }], InstanceIds: ids(1) },
      name: 'ValidationException',
    },
    {
      because: 'more than five targets',
      input: { Targets: Array.from({ length: 6 }, () => ({ Key: 'tag:a', Values: ['b'] })) },
      name: 'ValidationException',
    },
    {
      because: 'more than 50 values in a target',
      input: { Targets: [{ Key: 'InstanceIds', Values: ids(51) }] },
      name: 'ValidationException',
    },
    {
      because: 'less than 30 seconds for delivery',
      input: { TimeoutSeconds: 29 },
      name: 'ValidationException',
      message: /Value 29 at 'timeoutSeconds' .* greater than or equal to 30$/,
    },
    {
      because: 'more than 30 days for delivery',
      input: { TimeoutSeconds: 2_592_001 },
      name: 'ValidationException',
    },
    {
      because: 'a comment over 100 characters',
      input: { Comment: 'x'.repeat(101) },
      name: 'ValidationException',
    },
    {
      because: 'MaxErrors that are no count',
      input: { MaxErrors: '101%' },
      name: 'ValidationException',
    },
    { because: 'no concurrency', input: { MaxConcurrency: '0' }, name: 'ValidationException' },
    {
      because: 'a document that does not exist',
      input: { DocumentName: 'AWS-RunPatchBaseline' },
      name: 'InvalidDocument',
    },
    {
      because: 'a version that does not exist',
      input: { DocumentVersion: '2' },
      name: 'InvalidDocumentVersion',
    },
    {
      because: 'a parameter that the document does not have',
      input: { Parameters: { Commands: ['id'] } },
      name: 'InvalidParameters',
    },
    {
      because: 'a value outside allowedPattern',
      input: { Parameters: { Wanted: ['a;reboot'] } },
      name: 'InvalidParameters',
    },
    {
      because: 'a value that only begins as allowedPattern wants',
      input: { Parameters: { Action: ['tables\nreboot'] } },
      name: 'InvalidParameters',
    },
    {
      because: 'two values for a String',
      input: { Parameters: { Action: ['tables', 'entries'] } },
      name: 'InvalidParameters',
    },
  ];

  test.for(refused)('$because', async ({ input, name, message }) => {
    const made = await answering(6);
    await expect(made.send(input)).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message ?? /./),
      $metadata: { httpStatusCode: 400 },
    });
    const { CommandInvocations } = await made.client.send(new ListCommandInvocationsCommand({}));
    expect(CommandInvocations).toEqual([]);
  });
});

describe('targets', () => {
  test('a tag selects the nodes that have one of its values', async () => {
    const made = await answering(6);
    const masters = await made.send({ Targets: [{ Key: 'tag:role', Values: ['master'] }] });
    expect(await idsOf(made, masters)).toEqual([1, 2, 3].map(instanceIdOf));
    const both = await made.send({ Targets: [{ Key: 'tag:role', Values: ['master', 'worker'] }] });
    expect(await idsOf(made, both)).toHaveLength(6);
  });

  test('several targets must all fit', async () => {
    const made = await answering(6);
    const id = await made.send({
      Targets: [
        { Key: 'tag:role', Values: ['master'] },
        { Key: 'InstanceIds', Values: [2, 3, 4].map(instanceIdOf) },
      ],
    });
    expect(await idsOf(made, id)).toEqual([2, 3].map(instanceIdOf));
  });

  test('ids of nodes that have left are refused, all of them by name', async () => {
    const made = await answering(6);
    for (const number of [4, 5]) made.ssm.deregister(instanceIdOf(number));
    const Values = [3, 4, 5].map(instanceIdOf);
    await expect(made.send({ Targets: [{ Key: 'InstanceIds', Values }] })).rejects.toMatchObject({
      name: 'InvalidInstanceId',
      message: expect.stringContaining(`[[${Values.slice(1).join(', ')}]]`),
    });
  });

  test('a node that joins is selected, one that leaves is not', async () => {
    const made = await answering(6);
    made.ssm.deregister(instanceIdOf(4));
    made.ssm.register({ machine: absentMachine(7), tags: { role: 'worker' } });
    made.ssm.behaveNode(instanceIdOf(7), { kind: 'answers', stdout: '' });
    const id = await made.send({ Targets: [{ Key: 'tag:role', Values: ['worker'] }] });
    expect(await idsOf(made, id)).toEqual([5, 6, 7].map(instanceIdOf));
  });
});

describe('documents that no agent could run are refused at the start', () => {
  test('more than 64 KiB', async () => {
    await expect(started(documentOf('#'.repeat(65_536)))).rejects.toThrow(/SSM takes 65536/);
  });

  test('a parameter that is used and not declared', async () => {
    await expect(started(documentOf('echo {{ Missing }}'))).rejects.toThrow(/{{ Missing }}/);
  });

  test.for([
    { pattern: '^a{0,1001}$', why: /counts over 1000/ },
    { pattern: '^(?=a)b$', why: /look-around/ },
    { pattern: String.raw`^(a)\1$`, why: /back references/ },
  ])('the pattern $pattern, which RE2 does not take', async ({ pattern, why }) => {
    const document = {
      ...documentOf(''),
      parameters: { P: { type: 'String', allowedPattern: pattern } },
    };
    await expect(started(document)).rejects.toMatchObject({
      message: `allowedPattern of document ${DOCUMENT}, parameter P`,
      cause: { message: expect.stringMatching(why) },
    });
  });
});

async function idsOf(made: Account, id: string): Promise<(string | undefined)[]> {
  return (await invocations(made, id)).map(({ InstanceId }) => InstanceId);
}

async function started(document: object): Promise<unknown> {
  return startSsm({ nodes: [], documents: new Map([[DOCUMENT, document]]) });
}
