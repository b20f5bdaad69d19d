import type * as z from 'zod/mini';
import { clientError } from '../aws-json.ts';

/**
 * The input, typed. Throws what the service answers to one that its model refuses:
 * SerializationException for a wrong type, ValidationException for a broken constraint.
 */
export function validate<T extends z.ZodMiniType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;

  const { issues } = parsed.error;
  const mistyped = issues.find(
    ({ code, path }) => code === 'invalid_type' && at(input, path) !== undefined,
  );
  if (mistyped !== undefined) {
    throw clientError('SerializationException', `${nameOf(mistyped.path)}: ${mistyped.message}`);
  }
  const details = issues.map(({ path, message, code }) => {
    const value = JSON.stringify(at(input, path) ?? null);
    const constraint = code === 'invalid_type' ? 'Member must not be null' : message;
    return `Value ${value} at '${nameOf(path)}' failed to satisfy constraint: ${constraint}`;
  });
  const errors = issues.length === 1 ? 'error' : 'errors';
  throw clientError(
    'ValidationException',
    `${issues.length} validation ${errors} detected: ${details.join('; ')}`,
  );
}

type Path = readonly PropertyKey[];

/** As the service spells them: `targets.0.values`. */
function nameOf(path: Path): string {
  return path
    .map((part) => String(part).replace(/^[A-Z]/, (first) => first.toLowerCase()))
    .join('.');
}

function at(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}
