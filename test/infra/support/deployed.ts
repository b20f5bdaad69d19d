import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { afterAll } from 'vitest';
import type { ClusterSettings } from '../../../infra/cluster.ts';
import { ClusterStack } from '../../../infra/cluster-stack.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'vtepwatch-infra-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder that stands in for the function's: what is in it is no matter here. */
export const ASSET = path.join(scratch, 'asset');
mkdirSync(ASSET);
writeFileSync(path.join(ASSET, 'index.mjs'), 'export const handler = () => {};\n');

/** An empty folder for what a test writes; removed at the end of the file's tests. */
export function folder(): string {
  return mkdtempSync(path.join(scratch, 'folder-'));
}

export const DEMO = { name: 'demo', tags: { vtepwatch: 'demo' } } as const;

/** The stack of a cluster, in an app that checks nothing. */
export function stackOf(settings: Partial<ClusterSettings> = {}): ClusterStack {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    outdir: folder(),
    context: flags,
  });
  return new ClusterStack(app, { ...DEMO, ...settings, asset: ASSET });
}

export function templateOf(settings: Partial<ClusterSettings> = {}): Template {
  return Template.fromStack(stackOf(settings));
}

/** The resources of one type, as `reading` tells them, by the names that the code gave them. */
export function resourcesOf(template: Template, type: string): Record<string, Properties> {
  const found = Object.entries(template.findResources(type)).map(
    ([id, { Properties }]): [string, Properties] => [named(id), Object(reading(Properties))],
  );
  return Object.fromEntries(found);
}

/** The only resource of its type. */
export function resourceOf(template: Template, type: string): Properties {
  const [only, ...others] = Object.values(resourcesOf(template, type));
  if (only === undefined || others.length > 0) throw new Error(`not one ${type}`);
  return only;
}

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

/** What the policies of one role allow and deny. */
export function statementsOf(template: Template, role: string): readonly Statement[] {
  const policies = Object.entries(resourcesOf(template, 'AWS::IAM::Policy'));
  return policies
    .filter(([name]) => name === `${role}DefaultPolicy`)
    .flatMap(([, { PolicyDocument }]) => Object(PolicyDocument).Statement);
}

export type Properties = Readonly<Record<string, unknown>>;

/**
 * A part of a template with its references as text, in braces and without the hash that ends their
 * ids: `arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:document/{WatchProbe}`.
 */
export function reading(part: unknown): unknown {
  if (Array.isArray(part)) return part.map((one: unknown) => reading(one));
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part);
  const [[name, value] = ['', undefined]] = entries;
  if (name === 'Ref') return `{${named(String(value))}}`;
  if (name === 'Fn::GetAtt') {
    const [id = '', attribute = ''] = [value].flat().map(String);
    return `{${named(id)}.${attribute}}`;
  }
  if (name === 'Fn::Join') {
    const [glue, pieces]: unknown[] = [value].flat();
    return [pieces].flat().map(reading).join(String(glue));
  }
  return Object.fromEntries(entries.map(([key, one]) => [key, reading(one)]));
}

function named(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}
