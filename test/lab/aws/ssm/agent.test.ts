import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { readDocument } from '../../../../lab/aws/ssm/document.ts';
import { judge } from '../../../../lab/aws/ssm/exit-codes.ts';
import { account, documentOf, invocation, machine, outputOf, until } from './account.ts';
import type { Account } from './account.ts';
import type { ShellMachine } from './shell-machine.ts';

async function ran(script: string): Promise<{ account: Account; host: ShellMachine; id: string }> {
  const host = await machine();
  const made = await account(script, { nodes: [{ machine: host, tags: {} }] });
  return { account: made, host, id: await made.send() };
}

async function detailed({ client }: Account, CommandId: string, host: ShellMachine) {
  return client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: host.instanceId }));
}

function directoryOf(host: ShellMachine, id: string): string {
  const root = `var/lib/amazon/ssm/${host.instanceId}/document/orchestration`;
  return path.join(host.root, root, id);
}

describe('the agent', () => {
  test('the script is a file in the orchestration directory, with a line end after the last line', async () => {
    const { account: made, host, id } = await ran('# first\necho "$0"');
    const file = path.join(directoryOf(host, id), 'probe', '_script.sh');
    expect(outputOf(await invocation(made, id))).toBe(`${file}\n`);
    expect(await readFile(file, 'utf8')).toBe('# first\necho "$0"\n');
  });

  test('parameters are put into the script as text, defaults included', async () => {
    const host = await machine();
    const script = 'echo "{{ Action }} [{{Wanted}}] {{ Wanted }}"\necho done';
    const made = await account(script, { nodes: [{ machine: host, tags: {} }] });
    const given = await made.send({ Parameters: { Action: ['entries'], Wanted: ['a.b'] } });
    expect(outputOf(await invocation(made, given))).toBe('entries [a.b] a.b\ndone\n');
    const defaults = await made.send();
    expect(outputOf(await invocation(made, defaults))).toBe('tables [] \ndone\n');
  });

  test('a value is never searched for parameters again, and $$ becomes $', async () => {
    const host = await machine();
    const made = await account("echo '{{ Wanted }}'", { nodes: [{ machine: host, tags: {} }] });
    const id = await made.send({ Parameters: { Wanted: ['$$a'] } });
    expect(outputOf(await invocation(made, id))).toBe('$a\n');
  });

  test('the environment is that of a systemd service, and the agent’s own variables', async () => {
    const script = `echo "\${HOME-unset} \${VITEST-unset}"
echo "$PATH"
echo "$AWS_SSM_INSTANCE_ID $AWS_SSM_REGION_NAME $SSM_COMMAND_ID"`;
    const { account: made, host, id } = await ran(script);
    expect(outputOf(await invocation(made, id))).toBe(
      `unset unset
/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
${host.instanceId} eu-central-1 ${id}
`,
    );
  });

  test('each stream is left twice on the host', async () => {
    const { account: made, host, id } = await ran('echo out; echo err >&2');
    await invocation(made, id);
    const kept = path.join(directoryOf(host, id), 'awsrunShellScript', 'probe');
    const names = await readdir(kept);
    const files = await Promise.all(
      names.toSorted().map(async (name) => [name, await readFile(path.join(kept, name), 'utf8')]),
    );
    expect(Object.fromEntries(files)).toEqual({
      stdout: 'out\n',
      stdoutConsole: 'out\n',
      stderr: 'err\n',
      stderrConsole: 'err\n',
    });
  });

  test('an agent that is told to clean up leaves nothing of a success', async () => {
    const host = await machine();
    const nodes = [{ machine: host, tags: {} }];
    const made = await account('echo out', { nodes, cleanUp: true });
    const id = await made.send();
    expect(outputOf(await invocation(made, id))).toBe('out\n');
    expect(await readdir(path.dirname(directoryOf(host, id)))).toEqual([]);
  });

  test('a script that outlives its time is killed with all it started', async () => {
    const host = await machine();
    const made = await account('sleep 300 & echo $!\nsleep 300', {
      nodes: [{ machine: host, tags: {} }],
      secondMilliseconds: 5,
    });
    const over = await invocation(made, await made.send());
    expect(over).toMatchObject({ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut' });
    expect(over.CommandPlugins?.[0]?.ResponseCode).toBe(137);
    const child = Number(outputOf(over));
    expect(child).toBeGreaterThan(1);
    await until(async () => (isAlive(child) ? undefined : true));
  });

  test('closing the endpoint kills what runs', async () => {
    const { account: made, host } = await ran('echo $$ >pid; sleep 300');
    const pid = await until(async () => {
      const { stdout } = await host.run(['sh', '-c', 'cat pid 2>/dev/null']);
      return stdout.trim() === '' ? undefined : Number(stdout);
    });
    await made.ssm.close();
    expect(await until(async () => (isAlive(pid) ? undefined : 'gone'))).toBe('gone');
  });

  test('no more than five documents run on a host at a time', async () => {
    const script = 'mkdir running.$$\nls -d running.* | wc -l\nsleep 0.3\nrmdir running.$$';
    const host = await machine();
    const made = await account(script, { nodes: [{ machine: host, tags: {} }] });
    const ids = await Promise.all(Array.from({ length: 8 }, async () => made.send()));
    const outputs = await Promise.all(ids.map(async (id) => outputOf(await invocation(made, id))));
    const counts = outputs.map(Number);
    expect(Math.max(...counts)).toBeLessThanOrEqual(5);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  });

  test.for([
    { exit: 0, status: 'Success', stdout: 'out\n', stderr: 'err\n' },
    {
      exit: 1,
      status: 'Failed',
      stdout: 'out\n',
      stderr: 'err\nfailed to run commands: exit status 1',
    },
    { exit: 137, status: 'ExecutionTimedOut', stdout: 'out\n', stderr: 'err\n' },
    {
      exit: 168,
      status: 'Success',
      stdout:
        'out\n\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.',
      stderr: '',
    },
    {
      exit: 169,
      status: 'Failed',
      stdout:
        'out\n\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
      stderr:
        'err\nfailed to run commands: exit status 169\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
    },
  ])('exit $exit is $status', async ({ exit, status, stdout, stderr }) => {
    const { account: made, host, id } = await ran(`echo out; echo err >&2; exit ${exit}`);
    await invocation(made, id);
    expect(await detailed(made, id, host)).toMatchObject({
      StatusDetails: status,
      ResponseCode: exit,
      StandardOutputContent: stdout,
      StandardErrorContent: stderr,
    });
  });

  test('exit 194 reboots the host, and no answer ever comes', async () => {
    const host = await machine();
    const made = await account('exit 194', {
      nodes: [{ machine: host, tags: {} }],
      secondMilliseconds: 20,
    });
    const id = await made.send({ TimeoutSeconds: 30 });
    await until(async () => made.ssm.reboots[0]);
    expect(made.ssm.reboots).toEqual([host.instanceId]);
    expect(await invocation(made, id)).toMatchObject({ StatusDetails: 'DeliveryTimedOut' });
  });

  test('a script that dies of a signal has failed with code -1', () => {
    const nothing = Buffer.alloc(0);
    expect(judge({ kind: 'signalled', signal: 'SIGKILL' }, nothing, nothing)).toMatchObject({
      status: 'Failed',
      code: -1,
      stderr: Buffer.from('failed to run commands: signal: killed'),
    });
  });

  test('a step whose precondition does not hold is a success with nothing on standard output', async () => {
    const host = await machine();
    const nodes = [{ machine: host, tags: {}, platform: 'MacOS' as const }];
    const made = await account('echo ran', { nodes });
    const id = await made.send();
    const listed = await invocation(made, id);
    expect(listed.StatusDetails).toBe('Success');
    expect(outputOf(listed)).toMatch(/^Step execution skipped due to unsatisfied preconditions/);
    expect((await detailed(made, id, host)).StandardOutputContent).toBe('');
  });

  test('a timeout that the agent does not take becomes an hour', () => {
    expect(readDocument('D', documentOf('', 60)).executionSeconds).toBe(60);
    expect(readDocument('D', documentOf('', 4)).executionSeconds).toBe(3600);
    expect(readDocument('D', documentOf('', 172_801)).executionSeconds).toBe(3600);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
