import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startAws } from '../../lab/aws/aws.ts';
import { handler } from '../../lambda/handler.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import { reportSchema } from '../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';

const CONTEXT = {
  awsRequestId: '5f0e6f3c-0000-4000-8000-000000000001',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:vtepwatch-lab',
  functionVersion: '7',
  getRemainingTimeInMillis: () => 20_000,
};

test(
  'a kubeconfig in a file is read by every run, and runs no program',
  { timeout: 60_000 },
  async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-kubeconfig-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const [file, trace] = [path.join(directory, 'config'), path.join(directory, 'trace')];
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'touch', args: [trace] };
    const kubeconfigWith = async (user: object): Promise<void> =>
      await writeFile(
        file,
        JSON.stringify({
          'current-context': 'here',
          contexts: [{ name: 'here', context: { cluster: 'lab', user: 'me' } }],
          clusters: [{ name: 'lab', cluster: { server: 'https://127.0.0.1:1' } }],
          users: [{ name: 'me', user }],
        }),
      );
    const aws = await startAws({ nodes: [], document: probeDocument('') });
    onTestFinished(() => aws.close());
    const environment = {
      ...aws.environment,
      [ENVIRONMENT.cluster]: 'filed',
      [ENVIRONMENT.targets]: '[{"Key":"tag:cluster","Values":["lab"]}]',
      [ENVIRONMENT.kubeconfigFile]: file,
      OTEL_SDK_DISABLED: 'true',
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => void vi.restoreAllMocks());

    const troubles = async (minute: number): Promise<readonly string[]> => {
      const scheduledTime = `2020-01-06T09:0${minute}:00Z`;
      const { problems } = reportSchema.parse(await handler({ scheduledTime }, CONTEXT));
      return problems.flatMap(({ where, message }) => (where === 'kubernetes' ? [message] : []));
    };
    const refused = expect.stringMatching(
      /^opening the cluster's API: reading the kubeconfig: user "me" has exec, which is refused/,
    );

    await kubeconfigWith({ exec });
    expect(await troubles(0)).toEqual([refused]);

    // What was rotated counts from the next run on, in the same process.
    await kubeconfigWith({ token: 'first' });
    expect(await troubles(1)).toContainEqual(expect.stringMatching(/^listing the nodes: /));
    await kubeconfigWith({ exec });
    expect(await troubles(2)).toEqual([refused]);

    await kubeconfigWith({ token: 'second' });
    await troubles(3);
    await rm(file);
    const [first, ...others] = await troubles(4);
    expect(first).toMatch(/^the kubeconfig of an earlier run is used: .*ENOENT/);
    expect(others).toContainEqual(expect.stringMatching(/^listing the nodes: /));
    expect(existsSync(trace)).toBe(false);
  },
);
