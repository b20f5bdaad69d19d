import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LAB_CREDENTIALS, LAB_REGION } from '../../lab/aws/account.ts';

const PROGRAM = path.join(import.meta.dirname, '..', '..', 'cli', 'vtepwatch.ts');

export interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Nothing of this machine's own AWS: no profile, no metadata service. */
const NOWHERE: Environment = {
  HOME: path.join(tmpdir(), 'nobody'),
  PATH: process.env['PATH'] ?? '',
  AWS_EC2_METADATA_DISABLED: 'true',
};

export const OPERATOR: Environment = { ...LAB_CREDENTIALS, AWS_REGION: LAB_REGION };

/** Runs the command line as an operator does; the services are in this process and must go on. */
export async function vtepwatch(
  words: readonly string[],
  env: Environment,
  cwd = process.cwd(),
): Promise<Ended> {
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, ...words],
      { env: { ...NOWHERE, ...env }, cwd },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({ exit: typeof code === 'number' ? code : -1, stdout, stderr });
      },
    );
  });
}
