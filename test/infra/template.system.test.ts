import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { refusalsOf } from '../../infra/guard/guard.ts';
import { ownScript } from '../../infra/own-script.ts';
import { VERSION } from '../../shared/contract/version.ts';
import { folder } from './support/deployed.ts';
import { readZip } from './support/zip.ts';

const ROOT = path.join(import.meta.dirname, '../..');

describe('templates for tools that know nothing of the CDK', { timeout: 120_000 }, () => {
  const out = folder();
  let written = '';

  beforeAll(async () => {
    const config = path.join(folder(), 'clusters.json');
    const clusters = ['prod', 'edge'].map((name) => ({
      name,
      tags: { vtepwatch: name },
      operators: name === 'prod',
    }));
    writeFileSync(config, JSON.stringify({ $schema: './clusters.schema.json', clusters }));
    const words = [path.join(ROOT, 'infra/template.ts'), '--config', config, '--out', out];
    ({ stdout: written } = await promisify(execFile)(process.execPath, words, { cwd: ROOT }));
  }, 120_000);

  const templateOf = (name: string): Readonly<Record<string, unknown>> =>
    JSON.parse(readFileSync(path.join(out, name), 'utf8'));

  test('are one for each cluster, beside the archive of the function', () => {
    expect(written.trim().split('\n')).toEqual([
      `vtepwatch-function-${VERSION}.zip`,
      'Vtepwatch-edge.template.json',
      'Vtepwatch-prod.template.json',
      'VtepwatchOperators-prod.template.json',
    ]);
  });

  test('take the archive by their parameters, and need no bootstrapped account', () => {
    const template = templateOf('Vtepwatch-prod.template.json');
    expect(Object.keys(Object(template['Parameters']))).toEqual(['AssetBucket', 'AssetKey']);
    expect(template).not.toHaveProperty('Rules');
    expect(JSON.stringify(template)).not.toMatch(/cdk-bootstrap|cdk-hnb659fds|aws:cdk/);
    expect(JSON.stringify(template)).toContain(
      '"Code":{"S3Bucket":{"Ref":"AssetBucket"},"S3Key":{"Ref":"AssetKey"}}',
    );
  });

  test('what people use needs no archive, and no bootstrapped account', () => {
    const template = templateOf('VtepwatchOperators-prod.template.json');
    expect(template).not.toHaveProperty('Parameters');
    expect(template).not.toHaveProperty('Rules');
    expect(refusalsOf(template, ownScript(), [{ vtepwatch: ['prod'] }])).toEqual([]);
  });

  test('pass the guard, and are small enough for a template in a bucket', () => {
    for (const name of ['Vtepwatch-prod.template.json', 'Vtepwatch-edge.template.json']) {
      const template = templateOf(name);
      expect(refusalsOf(template, ownScript())).toEqual([]);
      expect(JSON.stringify(template).length).toBeLessThan(1_000_000);
    }
  });

  test('the archive has the handler', () => {
    const files = readZip(readFileSync(path.join(out, `vtepwatch-function-${VERSION}.zip`)));
    expect(files.get('index.mjs')?.toString()).toMatch(/export\{\w+ as handler\}/);
    expect([...files.keys()].filter((name) => !/^(index|chunks\/.*)\.mjs$/.test(name))).toEqual([]);
  });
});
