import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readSettingsFile } from '../../infra/settings-file.ts';
import { settingsSchemaText } from '../../infra/settings-schema.ts';

const CLUSTERS = [{ name: 'prod', tags: { vtepwatch: 'prod' } }];

function written(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'clusters.json');
  writeFileSync(file, text);
  return file;
}

describe('a file of settings', () => {
  test.for([
    ['a list', CLUSTERS],
    ['an object with the list', { clusters: CLUSTERS }],
    [
      'an object with a schema for editors',
      { $schema: './clusters.schema.json', clusters: CLUSTERS },
    ],
  ])('is %s', ([, json]) => {
    expect(readSettingsFile(written(JSON.stringify(json)))).toEqual(CLUSTERS);
  });

  test.for([
    [
      '{ "clusters": [], "cluster": [] }',
      / must be a list of clusters, or \{ "clusters": \[\.\.\.\] \}$/,
    ],
    ['{ "name": "prod" }', / must be a list of clusters/],
    ['[{ "token": secret }]', /clusters\.json is not JSON$/],
  ] as const)('is refused as %s', ([text, said]) => {
    expect(() => readSettingsFile(written(text))).toThrow(said);
  });

  test('that is not there is named', () => {
    expect(() => readSettingsFile('/nowhere/clusters.json')).toThrow(
      '/nowhere/clusters.json cannot be read',
    );
  });
});

test('the committed schema for editors is that of the grammar', () => {
  const file = path.join(import.meta.dirname, '../../docs/clusters.schema.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(settingsSchemaText()));
});
