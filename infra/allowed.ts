import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';

/**
 * Settings, and what is allowed in them: every schema made here says so itself, so that an error
 * names the key and what would be right.
 */

/** Reads what a schema describes. `name` stands before the keys in the error. */
export function read<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  name: string,
): z.output<Schema> {
  const result = schema.safeParse(value, { error: english().localeError, reportInput: true });
  if (result.success) return result.data;
  throw new SettingsError(
    name,
    result.error.issues.flatMap((issue) => told(issue, name)),
  );
}

/** Tells a person which keys are wrong: where it came from in the code is of no use. */
export class SettingsError extends Error {
  constructor(name: string, troubles: readonly string[]) {
    super([`The settings in ${name} are wrong:`, ...troubles].join('\n  '));
  }
}

/** Values are not repeated: one may be a secret in the wrong place. */
function told(issue: z.core.$ZodIssue, name: string): readonly string[] {
  const steps = issue.path.map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${String(step)}`,
  );
  const place = [name, ...steps].join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${place}.${key}: there is no such key; ${issue.message}`);
  }
  const what = issue.input === undefined ? 'is missing' : 'is wrong';
  const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
  return [`${place} ${what}; ${message}`];
}

export const allowed = (words: string): string => `allowed: ${words}`;

export function matching(pattern: RegExp, words: string): z.ZodMiniString<string> {
  return z.string(allowed(words)).check(z.regex(pattern, allowed(words)));
}

export function oneOf<const Words extends readonly string[]>(
  words: Words,
): z.ZodMiniEnum<z.core.util.ToEnum<Words[number]>> {
  return z.enum(words, allowed(words.join(', ')));
}

export function whole(least: number, most: number): z.ZodMiniNumber<number> {
  const words = allowed(`a whole number from ${least} to ${most}`);
  // What is checked of several keys together must not be asked of a wrong one.
  const range = { error: words, abort: true };
  return z.int(words).check(z.gte(least, range), z.lte(most, range));
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export function list<Item extends z.ZodMiniType>(
  item: Item,
  { least, most }: Bounds,
): z.ZodMiniArray<Item> {
  const words = allowed(`a list of ${least} to ${most}`);
  return z.array(item, words).check(z.minLength(least, words), z.maxLength(most, words));
}

/** An object that has these keys and no other. */
export function only<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodMiniObject<z.core.util.Writeable<Shape>, z.core.$strict> {
  return z.strictObject(shape, allowed(`the keys ${Object.keys(shape).join(', ')}`));
}

/** Whatever another schema takes, in words of its own. */
export function taking<Value>(
  schema: z.ZodMiniType<Value>,
  words: string,
): z.ZodMiniCustom<Value, Value> {
  return z.custom<Value>((value) => schema.safeParse(value).success, allowed(words));
}

/** A map from keys to values. */
export function map<Value extends z.ZodMiniType>(
  key: z.ZodMiniString<string>,
  value: Value,
  { least, most }: Bounds,
): z.ZodMiniRecord<z.ZodMiniString<string>, Value> {
  const words = allowed(`${least} to ${most} of them`);
  const size = (record: object): boolean => {
    const { length } = Object.keys(record);
    return length >= least && length <= most;
  };
  return z.record(key, value, words).check(z.refine(size, words));
}
