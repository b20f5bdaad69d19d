import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { retainingBuffer } from '../../../../lambda/shell/telemetry/retaining-buffer.ts';

type Done = (result: ExportResult) => void;

/** A buffer whose exports end when the test says so. */
function slowBuffer(): {
  readonly buffer: ReturnType<typeof retainingBuffer<object>>;
  readonly exports: { readonly items: readonly object[]; readonly done: Done }[];
} {
  const exports: { readonly items: readonly object[]; readonly done: Done }[] = [];
  const buffer = retainingBuffer<object>((items, done) => exports.push({ items, done }), 3);
  return { buffer, exports };
}

describe('a buffer that retains', () => {
  test('an item that comes during an export is not lost with its success', async () => {
    const { buffer, exports } = slowBuffer();
    const [first, second] = [{ name: 'first' }, { name: 'second' }];
    buffer.add(first);
    const delivery = buffer.deliver();
    buffer.add(second);
    exports[0]?.done({ code: ExportResultCode.SUCCESS });
    expect(await delivery).toEqual([]);
    expect(buffer.kept()).toBe(1);

    const next = buffer.deliver();
    expect(exports[1]?.items).toEqual([second]);
    exports[1]?.done({ code: ExportResultCode.SUCCESS });
    expect(await next).toEqual([]);
    expect(buffer.kept()).toBe(0);
  });

  test('an export that succeeds after it was given up still empties it', async () => {
    const { buffer, exports } = slowBuffer();
    buffer.add({ name: 'first' });
    const abandoned = buffer.deliver();
    expect(buffer.kept()).toBe(1);
    exports[0]?.done({ code: ExportResultCode.SUCCESS });
    await abandoned;
    expect(buffer.kept()).toBe(0);
  });

  test('an exporter that throws is a failure', async () => {
    const buffer = retainingBuffer<object>(() => {
      throw new Error('cannot be serialized');
    }, 3);
    buffer.add({});
    expect(await buffer.deliver()).toEqual(['cannot be serialized']);
    expect(buffer.kept()).toBe(1);
  });

  test('the oldest give way, and their number is told once', async () => {
    const { buffer, exports } = slowBuffer();
    for (const name of ['a', 'b', 'c', 'd', 'e']) buffer.add({ name });
    const delivery = buffer.deliver();
    expect(exports[0]?.items).toEqual([{ name: 'c' }, { name: 'd' }, { name: 'e' }]);
    exports[0]?.done({ code: ExportResultCode.SUCCESS });
    expect(await delivery).toEqual(['2 older than the newest 3 were dropped']);
    expect(await buffer.deliver()).toEqual([]);
  });
});
