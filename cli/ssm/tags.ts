import { type Targets, tagKeySchema, tagValueSchema } from '../../shared/contract/settings.ts';
import { usage } from '../failure.ts';

/** The most that a command of Systems Manager takes. */
const TAGS = 5;

/** `vtepwatch=prod,zone=a`: hosts with all of these tags. */
export function targetsOfTags(text: string): Targets {
  const pairs = text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    const [key, value] = at < 0 ? ['', ''] : [pair.slice(0, at), pair.slice(at + 1)];
    if (tagKeySchema.safeParse(key).success && tagValueSchema.safeParse(value).success) {
      return { Key: `tag:${key}`, Values: [value] };
    }
    throw usage(`--tags: ${JSON.stringify(pair.slice(0, 80))} is no tag: it must be KEY=VALUE`);
  });
  if (pairs.length <= TAGS) return pairs;
  throw usage(`--tags: ${pairs.length} tags are too many: Systems Manager takes ${TAGS}`);
}

/** The other way round, for people. */
export function tagsOf(targets: Targets): string {
  return targets
    .map(({ Key, Values }) => `${Key.slice('tag:'.length)}=${Values.join(',')}`)
    .join(' and ');
}
