/**
 * Stands in for kubectl on computers that have none: `get nodes` and `get --raw <path>`, with the
 * same questions to the API server, in the same order and as often, as kubectl 1.27 to 1.33.
 */

import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';

const AGGREGATED = ['v2', 'v2beta1'].map(
  (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
);
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** client-go's own bound of a discovery request. */
const REQUEST_SECONDS = 32;

/** How often the questions of `get nodes` make discovery ask a dead group again. */
const RETRIES = 3;

/** Between the columns of a table. */
const COLUMN_GAP = 3;

const UNABLE = 'the server is currently unable to handle the request';
const COMPLAINTS: ReadonlyMap<number, string> = new Map([
  [401, 'error: You must be logged in to the server (Unauthorized)'],
  [404, 'Error from server (NotFound): the server could not find the requested resource'],
  [503, `Error from server (ServiceUnavailable): ${UNABLE}`],
]);

const groupListSchema = z.object({
  groups: z.array(z.object({ versions: z.array(z.object({ groupVersion: z.string() })) })),
});
const tableSchema = z.object({
  columnDefinitions: z.array(z.object({ name: z.string(), priority: z.number() })),
  rows: z.array(z.object({ cells: z.array(z.string()) })),
});

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kubeconfig: { type: 'string', default: '' },
    server: { type: 'string' },
    raw: { type: 'string' },
    'cache-dir': { type: 'string' },
  },
});
const kubeconfig = readFileSync(flags.kubeconfig, 'utf8');
const server = flags.server ?? setting('server');

const [verb, resource] = positionals;
if (verb === 'get' && flags.raw !== undefined) {
  const { status, body } = await ask(flags.raw);
  if (status === 200) process.stdout.write(body);
  else complain(status);
} else if (verb === 'get' && resource === 'nodes') {
  await discover();
  const { status, body } = await ask('/api/v1/nodes?limit=500', TABLE);
  if (status === 200) printTable(tableSchema.parse(JSON.parse(body)));
  else complain(status);
} else {
  process.stderr.write('error: the stand-in for kubectl knows `get nodes` and `get --raw` alone\n');
  process.exitCode = 1;
}

async function discover(): Promise<void> {
  const accept = [...AGGREGATED, 'application/json'].join();
  await ask('/api', accept);
  const { contentType, body } = await ask('/apis', accept);
  if (contentType.includes('APIGroupDiscoveryList')) return;

  const { groups } = groupListSchema.parse(JSON.parse(body));
  const names = groups.flatMap(({ versions }) => versions.map((version) => version.groupVersion));
  const first = await Promise.all(names.map(async (name) => ({ name, dead: await isDead(name) })));
  for (const { name } of first.filter(({ dead }) => dead)) {
    for (let tries = 0; tries < RETRIES; tries += 1) await isDead(name);
  }
}

async function isDead(groupVersion: string): Promise<boolean> {
  const { status } = await ask(`/apis/${groupVersion}`);
  const dead = status >= 500;
  if (dead) {
    process.stderr.write(`couldn't get resource list for ${groupVersion}: ${UNABLE}\n`);
  }
  return dead;
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

function ask(path: string, accept = 'application/json, */*'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server}${path}`, {
      ca: Buffer.from(setting('certificate-authority-data'), 'base64'),
      headers: { accept, authorization: `Bearer ${setting('token')}` },
      signal: AbortSignal.timeout(REQUEST_SECONDS * 1000),
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      text(response).then(
        (body) =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body,
          }),
        reject,
      );
    });
    asked.end();
  });
}

function setting(name: string): string {
  return new RegExp(`^ *${name}: (.*)$`, 'm').exec(kubeconfig)?.[1] ?? '';
}

function printTable({ columnDefinitions, rows }: z.infer<typeof tableSchema>): void {
  const shown = columnDefinitions.flatMap(({ name, priority }, index) =>
    priority === 0 ? [{ title: name.toUpperCase(), index }] : [],
  );
  const lines = [
    shown.map(({ title }) => title),
    ...rows.map(({ cells }) => shown.map(({ index }) => cells[index] ?? '')),
  ];
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  for (const line of lines) {
    const padded = line.map((cell, at) => cell.padEnd((widths[at] ?? 0) + COLUMN_GAP));
    process.stdout.write(`${padded.join('').trimEnd()}\n`);
  }
}

function complain(status: number): void {
  const reason = COMPLAINTS.get(status) ?? `Error from server: HTTP status ${status}`;
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}
