import * as z from 'zod/mini';

export type AttributeValue =
  | string
  | number
  | boolean
  | undefined
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** `common.v1.AnyValue`, as plain data. Bytes are not used by the sender and come as undefined. */
export const anyValueSchema: z.ZodMiniType<AttributeValue> = z.lazy(() =>
  z.pipe(
    z.object({
      stringValue: z.optional(z.string()),
      boolValue: z.optional(z.boolean()),
      intValue: z.optional(z.string()),
      doubleValue: z.optional(z.number()),
      arrayValue: z.optional(z.object({ values: z.optional(z.array(anyValueSchema)) })),
      kvlistValue: z.optional(z.object({ values: z.optional(attributesSchema) })),
    }),
    z.transform(
      ({
        stringValue,
        boolValue,
        intValue,
        doubleValue,
        arrayValue,
        kvlistValue,
      }): AttributeValue =>
        stringValue ??
        boolValue ??
        doubleValue ??
        (intValue === undefined ? undefined : Number(intValue)) ??
        (arrayValue === undefined ? undefined : (arrayValue.values ?? [])) ??
        (kvlistValue === undefined ? undefined : (kvlistValue.values ?? {})),
    ),
  ),
);

/** A list of `common.v1.KeyValue`, as one object. */
export const attributesSchema: z.ZodMiniType<Attributes> = z.pipe(
  z.array(z.object({ key: z.string(), value: z.optional(anyValueSchema) })),
  z.transform((pairs): Attributes =>
    Object.fromEntries(pairs.map(({ key, value }) => [key, value])),
  ),
);
