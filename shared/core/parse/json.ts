/** Reads fields of objects that came out of JSON. A field of another type is undefined. */

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function textField(item: object, key: string): string | undefined {
  const value = field(item, key);
  return typeof value === 'string' ? value : undefined;
}

export function numberField(item: object, key: string): number | undefined {
  const value = field(item, key);
  return typeof value === 'number' ? value : undefined;
}

export function booleanField(item: object, key: string): boolean | undefined {
  const value = field(item, key);
  return typeof value === 'boolean' ? value : undefined;
}

export function objectField(item: object, key: string): object | undefined {
  const value = field(item, key);
  return isObject(value) ? value : undefined;
}

/** The members of an array; none where the field is no array. */
export function listField(item: object, key: string): readonly unknown[] {
  const value = field(item, key);
  return Array.isArray(value) ? value : [];
}

/** The objects of a Kubernetes list; undefined for what is no list. */
export function items(list: unknown): readonly object[] | undefined {
  const found = isObject(list) ? field(list, 'items') : undefined;
  return Array.isArray(found) ? found.filter(isObject) : undefined;
}

function field(item: object, key: string): unknown {
  return Object.hasOwn(item, key) ? Reflect.get(item, key) : undefined;
}
