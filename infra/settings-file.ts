import { readFileSync } from 'node:fs';
import { SettingsError } from './cluster.ts';

/**
 * The clusters in a file of one's own: a list, or an object with the list as `clusters`, beside which
 * `$schema` may name the schema for editors. What the list must be, `clusters.ts` says.
 */
export function readSettingsFile(file: string): unknown {
  const json = parsed(file);
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  if (!isObject) return json;
  const { clusters, $schema: _, ...others }: Readonly<Record<string, unknown>> = { ...json };
  const strange = Object.keys(others);
  if (clusters === undefined || strange.length > 0) {
    throw new SettingsError([`${file} must be a list of clusters, or { "clusters": [...] }`]);
  }
  return clusters;
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // Node's message quotes the text around the mistake, which may be a secret.
    const why = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw new SettingsError([`${file} ${why}`]);
  }
}
