import { stringify } from 'yaml';

/** What stands at the head of every generated file that can hold a comment. */
export const GENERATED =
  'Made by `npm run generate` from shared/contract/telemetry.ts and infra/monitoring: change these.';

/** YAML whose lines are not folded, so that an expression can be copied as it stands. */
export function yamlOf(document: unknown): string {
  return `# ${GENERATED}\n${stringify(document, { lineWidth: 0 })}`;
}
