import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { describe, expect, test, vi } from 'vitest';
import { retainingBuffer } from '../../../../lambda/systems/telemetry/retaining-buffer.ts';

type Done = (result: ExportResult) => void;

/** A buffer whose exports end when the test says so. */
function slowBuffer(): {
  readonly buffer: ReturnType<typeof retainingBuffer<object>>;
  readonly exports: { readonly items: readonly object[]; readonly done: Done }[];
} {
  const exports: { readonly items: readonly object[]; readonly done: Done }[] = [];
  const buffer = retainingBuffer<object>((items, done) => exports.push({ items, done }), {
    itemsMax: 3,
    bytesOf: () => 100,
  });
  return { buffer, exports };
}

interface Named {
  readonly name: string;
}

/** A buffer whose backend refuses every request with an unwanted record, or with too many. */
function pickyBuffer(
  itemsMax: number,
  unwanted: (item: Named) => boolean,
  most = Number.POSITIVE_INFINITY,
): {
  readonly buffer: ReturnType<typeof retainingBuffer<Named>>;
  readonly taken: Named[];
  readonly requests: () => number;
} {
  const taken: Named[] = [];
  let requests = 0;
  const refusal = Object.assign(new Error('Bad Request'), { code: 400 });
  const buffer = retainingBuffer<Named>(
    (items, done) => {
      requests += 1;
      if (items.some(unwanted) || items.length > most) {
        done({ code: ExportResultCode.FAILED, error: refusal });
        return;
      }
      taken.push(...items);
      done({ code: ExportResultCode.SUCCESS });
    },
    { itemsMax, bytesOf: () => 100 },
  );
  return { buffer, taken, requests: () => requests };
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
    expect(buffer.counts().pending).toBe(1);

    const next = buffer.deliver();
    expect(exports[1]?.items).toEqual([second]);
    exports[1]?.done({ code: ExportResultCode.SUCCESS });
    expect(await next).toEqual([]);
    expect(buffer.counts().pending).toBe(0);
  });

  test('an export that succeeds after it was given up still empties it', async () => {
    const { buffer, exports } = slowBuffer();
    buffer.add({ name: 'first' });
    const abandoned = buffer.deliver();
    expect(buffer.counts().pending).toBe(1);
    exports[0]?.done({ code: ExportResultCode.SUCCESS });
    await abandoned;
    expect(buffer.counts().pending).toBe(0);
  });

  test('what a delivery that was given up still carries is not sent beside it', async () => {
    const { buffer, exports } = slowBuffer();
    buffer.add({ name: 'first' });
    const abandon = new AbortController();
    const slow = buffer.deliver(abandon.signal);
    abandon.abort();
    buffer.add({ name: 'second' });
    const next = buffer.deliver();
    expect(exports).toHaveLength(1);
    exports[0]?.done({ code: ExportResultCode.SUCCESS });
    expect(await slow).toEqual([]);
    await vi.waitFor(() => expect(exports).toHaveLength(2));
    expect(exports[1]?.items).toEqual([{ name: 'second' }]);
    exports[1]?.done({ code: ExportResultCode.SUCCESS });
    expect(await next).toEqual([]);
    expect(buffer.counts().pending).toBe(0);
  });

  test('an exporter that throws is a failure', async () => {
    const buffer = retainingBuffer<object>(
      () => {
        throw new Error('cannot be serialized');
      },
      { itemsMax: 3, bytesOf: () => 100 },
    );
    buffer.add({});
    expect(await buffer.deliver()).toEqual([{ reason: 'cannot be serialized' }]);
    expect(buffer.counts().pending).toBe(1);
  });

  test('the oldest are dropped, and their number is reported once', async () => {
    const { buffer, exports } = slowBuffer();
    for (const name of ['a', 'b', 'c', 'd', 'e']) buffer.add({ name });
    const delivery = buffer.deliver();
    expect(exports[0]?.items).toEqual([{ name: 'c' }, { name: 'd' }, { name: 'e' }]);
    exports[0]?.done({ code: ExportResultCode.SUCCESS });
    expect(await delivery).toEqual([{ reason: '2 older than the newest 3 were dropped' }]);
    expect(await buffer.deliver()).toEqual([]);
  });

  test('one bad record among many is found and dropped, and all others arrive', async () => {
    const { buffer, taken } = pickyBuffer(1000, (item) => item.name === 'r618');
    for (let at = 0; at < 1000; at++) buffer.add({ name: `r${at}` });
    expect(await buffer.deliver()).toEqual([
      {
        reason: '400 Bad Request: the backend does not want it, and it was dropped',
        status: 400,
      },
    ]);
    expect(buffer.counts()).toEqual({ accepted: 999, lost: 1, pending: 0 });
    expect(taken).toHaveLength(999);
    expect(taken.map(({ name }) => name)).not.toContain('r618');
  });

  test('a backend that wants none of them is not asked without end', async () => {
    const { buffer, taken, requests } = pickyBuffer(1000, () => true);
    for (let at = 0; at < 1000; at++) buffer.add({ name: `r${at}` });
    const troubles = await buffer.deliver();
    expect(requests()).toBe(24);
    expect(troubles.at(-1)?.reason).toMatch(/^9\d\d wait for the next flush$/);
    expect(buffer.counts().pending).toBe(1000 - (troubles.length - 1));
    expect(taken).toEqual([]);
  });

  test('a backend that is full takes the halves', async () => {
    const { buffer, taken } = pickyBuffer(1000, () => false, 300);
    for (let at = 0; at < 1000; at++) buffer.add({ name: `r${at}` });
    expect(await buffer.deliver()).toEqual([]);
    expect(taken.map(({ name }) => name)).toEqual(
      Array.from({ length: 1000 }, (_, at) => `r${at}`),
    );
  });

  test.for([
    ['many', 2500, 100, [1000, 1000, 500]],
    ['large', 5, 200_000, [2, 2, 1]],
    ['larger than a request may be', 3, 700_000, [1, 1, 1]],
  ] as const)('%s records are several requests, in order', async ([, count, bytes, sizes]) => {
    const requests: object[][] = [];
    const buffer = retainingBuffer<object>(
      (items, done) => {
        requests.push(items);
        done({ code: ExportResultCode.SUCCESS });
      },
      { itemsMax: 3000, bytesOf: () => bytes },
    );
    const records = Array.from({ length: count }, (_, at) => ({ at }));
    for (const record of records) buffer.add(record);
    expect(await buffer.deliver()).toEqual([]);
    expect(requests.map(({ length }) => length)).toEqual(sizes);
    expect(requests.flat()).toEqual(records);
    expect(buffer.counts()).toEqual({ accepted: count, lost: 0, pending: 0 });
  });

  test('after a time-out of one request no other is made', async () => {
    let requests = 0;
    const buffer = retainingBuffer<object>(
      (_, done) => {
        requests += 1;
        done({ code: ExportResultCode.FAILED, error: new Error('Request timed out') });
      },
      { itemsMax: 3000, bytesOf: () => 100 },
    );
    for (let at = 0; at < 2500; at++) buffer.add({ at });
    expect(await buffer.deliver()).toEqual([{ reason: 'Request timed out', status: undefined }]);
    expect(requests).toBe(1);
    expect(buffer.counts().pending).toBe(2500);
  });

  test('a delivery that was given up begins no further request', async () => {
    const { buffer, exports } = slowBuffer();
    const abandon = new AbortController();
    for (const name of ['a', 'b']) buffer.add({ name });
    const delivery = buffer.deliver(abandon.signal);
    abandon.abort();
    const error = Object.assign(new Error('Bad Request'), { code: 400 });
    exports[0]?.done({ code: ExportResultCode.FAILED, error });
    expect(await delivery).toEqual([{ reason: '2 wait for the next flush' }]);
    expect(exports).toHaveLength(1);
    expect(buffer.counts().pending).toBe(2);
  });
});
