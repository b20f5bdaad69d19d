import * as z from 'zod/mini';
import { attributesSchema, type Attributes } from './attributes.ts';

/** Who sent a record. */
export interface Sender {
  readonly resource: Attributes;
  /** Name of the instrumentation scope. */
  readonly scope: string;
}

export const resourceSchema = z.optional(z.object({ attributes: z.optional(attributesSchema) }));

export const scopeSchema = z.optional(z.object({ name: z.optional(z.string()) }));

/** Decimal text, as 64-bit numbers are decoded; a field that was not sent is 0. */
export const nanosecondsSchema = z.pipe(
  z.optional(z.string()),
  z.transform((text) => BigInt(text ?? 0)),
);

/** Trace and span ids, as lower-case hexadecimal; one that was not sent is undefined. */
export const idSchema = z.pipe(
  z.optional(z.instanceof(Uint8Array)),
  z.transform((id) => (id === undefined ? undefined : Buffer.from(id).toString('hex'))),
);

export function senderOf(
  resource: z.infer<typeof resourceSchema>,
  scope: z.infer<typeof scopeSchema>,
): Sender {
  return { resource: resource?.attributes ?? {}, scope: scope?.name ?? '' };
}
