import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { type DebianPackage, programIn } from '../../../lab/backend/debian-package.ts';
import { getJson } from '../../../lab/backend/prometheus-api.ts';
import { startServer } from '../../../lab/backend/server.ts';
import type { Workplace } from '../../../lab/machines/modelled/workplace.ts';

function alertmanagerOf(suite: string): DebianPackage {
  return { name: 'prometheus-alertmanager', suite, programs: ['prometheus-alertmanager'] };
}

/** Its 0.25 takes no label that has a dot. */
export const OLD_ALERTMANAGER = alertmanagerOf('bookworm');
export const NEW_ALERTMANAGER = alertmanagerOf('forky');

export interface Alertmanager {
  readonly url: string;
  /** `0.25.0` */
  version(): Promise<string>;
}

interface AlertmanagerOptions {
  /** Of the unpacked package. */
  readonly root: string;
  /** As in `alertmanager.yml`. */
  readonly route: Readonly<Record<string, unknown>>;
  /** The URL to which each receiver's notifications are sent. */
  readonly receivers: Readonly<Record<string, string>>;
}

const LISTENS = /msg="Listening on" address=(127\.0\.0\.1:\d+)/;

/** Debian's looks for its templates in /usr/share alone: it sees that of its package there. */
const IN_ITS_PACKAGE = 'mount --bind "$1" /usr/share && shift && exec "$@"';

/** Root needs no user namespace, which some computers refuse. */
const UNSHARE = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

/** Whether a program can see its own /usr/share here. */
export function canUnshare(): boolean {
  const [program = '', ...options] = UNSHARE;
  return spawnSync(program, [...options, 'true']).status === 0;
}

const statusSchema = z.object({ versionInfo: z.object({ version: z.string() }) });

/** Ends with the workplace. */
export async function startAlertmanager(
  workplace: Workplace,
  { root, route, receivers }: AlertmanagerOptions,
): Promise<Alertmanager> {
  const folder = path.join(workplace.directory, path.basename(root));
  await mkdir(folder);
  const config = {
    route,
    receivers: Object.entries(receivers).map(([name, url]) => ({
      name,
      webhook_configs: [{ url }],
    })),
  };
  const file = path.join(folder, 'alertmanager.yml');
  await writeFile(file, stringify(config));
  const program = [
    programIn(root, 'prometheus-alertmanager'),
    `--config.file=${file}`,
    `--storage.path=${path.join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--cluster.listen-address=',
  ];
  const share = path.join(root, 'usr', 'share');
  const command = [...UNSHARE, 'sh', '-c', IN_ITS_PACKAGE, 'sh', share, ...program];
  const url = await startServer(workplace, command, LISTENS);
  return {
    url,
    version: async () =>
      statusSchema.parse(await getJson(`${url}/api/v2/status`)).versionInfo.version,
  };
}
