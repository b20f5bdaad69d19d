import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';

const LOCK = path.join(import.meta.dirname, '..', '..', '..', '..', 'package-lock.json');

const lockSchema = z.object({ packages: z.record(z.string(), z.unknown()) });

// What is set on one copy, as a logger for diagnostics, has no effect on another.
test.for(['api', 'core', 'resources', 'sdk-metrics', 'sdk-logs', 'sdk-trace'])(
  'there is one copy of @opentelemetry/%s',
  async (name) => {
    const { packages } = lockSchema.parse(JSON.parse(await readFile(LOCK, 'utf8')));
    const copies = Object.keys(packages).filter((one) =>
      one.endsWith(`node_modules/@opentelemetry/${name}`),
    );
    expect(copies).toEqual([`node_modules/@opentelemetry/${name}`]);
  },
);
