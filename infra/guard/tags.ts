import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import { listOf, type Properties, recordOf, type Template } from './template.ts';

/** The tags of the cluster, as its function has them: `tag:KEY` and its values. */
export function tagsOf({ resources }: Template): Properties {
  const functions = [...resources.values()].filter(({ type }) => type === 'AWS::Lambda::Function');
  const [variables] = functions.map(({ properties: { Environment } }) =>
    recordOf(recordOf(Environment)['Variables']),
  );
  const targets = variables?.[ENVIRONMENT.targets];
  if (typeof targets !== 'string') return {};
  const parsed: unknown = JSON.parse(targets);
  return Object.fromEntries(
    listOf(parsed)
      .map(recordOf)
      .map(({ Key, Values }) => [String(Key).replace(/^tag:/, ''), Values]),
  );
}
