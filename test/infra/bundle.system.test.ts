import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundleFunction, describeBundle } from '../../infra/bundle.ts';
import type { Bundle, BundledFile } from '../../infra/bundle.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** All that the function is made of, in a handler of no use. */
const HANDLER = `
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';

export async function handler(event: { readonly kubernetes: boolean }): Promise<object> {
  const made = [DynamoDBClient, SNSClient, SSMClient].map((Client) => new Client({}));
  made.forEach((client) => client.destroy());
  new NodeSDK({ autoDetectResources: false, spanProcessors: [] });
  new OTLPMetricExporter();
  if (!event.kubernetes) return {};
  const { KubeConfig } = await import('./kubernetes.ts');
  return { contexts: new KubeConfig().getContexts() };
}
`;
const KUBERNETES = "export { KubeConfig, CoreV1Api } from '@kubernetes/client-node';\n";

async function folder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'vtepwatch-bundle-'));
}

async function sources(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
  await writeFile(path.join(directory, 'kubernetes.ts'), KUBERNETES);
  const entry = path.join(directory, 'handler.ts');
  await writeFile(entry, HANDLER);
  return entry;
}

describe('the bundle', () => {
  let home = '';
  let entry = '';
  let bundle: Bundle = { directory: '', files: [] };

  beforeAll(async () => {
    home = await folder();
    entry = await sources(path.join(home, 'sources'));
    bundle = await bundleFunction(path.join(home, 'asset'), { entry, sourceMaps: true });
    return () => rm(home, { recursive: true, force: true });
  });

  const read = (file: BundledFile): Promise<string> =>
    readFile(path.join(bundle.directory, file.path), 'utf8');

  test('is an ES module that exports the handler, and runs without any package', async () => {
    const program = `
      const { handler } = await import(${JSON.stringify(pathToFileURL(path.join(bundle.directory, 'index.mjs')).href)});
      console.log(JSON.stringify([await handler({}), await handler({ kubernetes: true })]));`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: bundle.directory,
      env: { AWS_REGION: 'eu-central-1' },
    });
    expect(JSON.parse(stdout)).toEqual([{}, { contexts: [] }]);
  });

  test('the Kubernetes client is a chunk that no cold start loads', async () => {
    const kubernetes = bundle.files.filter(({ path: name }) => /kubernetes-.*mjs$/.test(name));
    expect(kubernetes.map(({ loaded }) => loaded)).toEqual(['when-used']);
    const starting = bundle.files.filter(({ loaded }) => loaded === 'at-start');
    expect(starting.map(({ path: name }) => name)).toContain('index.mjs');
    const maps = await Promise.all(
      starting.map(({ path: name }) => read({ path: `${name}.map`, bytes: 0, loaded: 'never' })),
    );
    expect(maps.join('\n')).not.toMatch(/@kubernetes\/client-node/);
  });

  test('what a cold start loads is far below 1.2 MB', () => {
    const starting = bundle.files.filter(({ loaded }) => loaded === 'at-start');
    const bytes = starting.reduce((sum, file) => sum + file.bytes, 0);
    expect(bytes).toBeLessThan(700_000);
  });

  test('holds no gRPC', async () => {
    const maps = bundle.files.filter(({ path: name }) => name.endsWith('.map'));
    const sourcesOfAll = (await Promise.all(maps.map(read))).join('\n');
    expect(sourcesOfAll).toMatch(/unused-exporters\.ts/);
    expect(sourcesOfAll).not.toMatch(/grpc-js/);
  });

  test('source maps name the sources and do not contain them', async () => {
    const map = bundle.files.find(({ path: name }) => name === 'index.mjs.map');
    const { sources: names, sourcesContent } = JSON.parse(
      map === undefined ? '{}' : await read(map),
    );
    expect(names.join('\n')).toMatch(/handler\.ts/);
    expect(sourcesContent).toBeUndefined();
  });

  test('is the same to the byte wherever it is written', async () => {
    const elsewhere = path.join(home, 'some', 'where', 'else');
    const again = await bundleFunction(elsewhere, { entry, sourceMaps: true });
    expect(again.files).toEqual(bundle.files);
    for (const file of bundle.files) {
      const other = await readFile(path.join(elsewhere, file.path), 'utf8');
      // Compared first: a difference would be printed in full.
      expect({ ...file, same: other === (await read(file)) }).toEqual({ ...file, same: true });
    }
  });

  test('has no source maps unless they are wanted', async () => {
    const { files } = await bundleFunction(path.join(home, 'plain'), { entry });
    expect(files.filter(({ loaded }) => loaded === 'never')).toEqual([]);
  });

  test('is described by size, with what a cold start loads', () => {
    const described = describeBundle({
      directory: '/asset',
      files: [
        { path: 'index.mjs', bytes: 1024, loaded: 'at-start' },
        { path: 'index.mjs.map', bytes: 99, loaded: 'never' },
        { path: 'chunks/kubernetes-A.mjs', bytes: 2048, loaded: 'when-used' },
        { path: 'chunks/chunk-B.mjs', bytes: 512, loaded: 'at-start' },
      ],
    });
    expect(described).toBe(`     2.0 KiB  when-used  chunks/kubernetes-A.mjs
     1.0 KiB  at-start   index.mjs
     0.5 KiB  at-start   chunks/chunk-B.mjs
     1.5 KiB  all that a cold start loads`);
  });
});

test('chunks of an earlier build are removed, a source that cannot be built is an error', async () => {
  const home = await folder();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const entry = path.join(home, 'handler.ts');
  await mkdir(path.join(home, 'asset', 'chunks'), { recursive: true });
  const stale = path.join(home, 'asset', 'chunks', 'old.mjs');
  await writeFile(stale, '');
  await writeFile(entry, 'export const handler = () => 1;');
  await bundleFunction(path.join(home, 'asset'), { entry });
  await expect(readFile(stale)).rejects.toMatchObject({ code: 'ENOENT' });

  await writeFile(entry, "import { nothing } from './missing.ts'; export const handler = nothing;");
  await expect(bundleFunction(path.join(home, 'asset'), { entry })).rejects.toThrow(/missing\.ts/);
});
