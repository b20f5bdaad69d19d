/** The options of each command: for what completes them, and for what somebody meant. */
const VIEW = ['--json', '--node', '--cause', '--color'] as const;
const DEPLOYED = ['--cluster', '--region', '--stack'] as const;
const SSH = ['--ssh', '--ssh-hosts', '--sudo'] as const;

export const KNOWN_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  capture: [
    ...SSH,
    '--ssm',
    '--tags',
    '--region',
    '--yes',
    '--from',
    '--bundle',
    '--force',
    '--anonymize',
    '--print',
    '--help',
  ],
  check: [
    ...DEPLOYED,
    ...VIEW,
    ...SSH,
    '--no-page',
    '--no-packets',
    '--all',
    '--config',
    '--ssm',
    '--tags',
    '--document',
    '--temporary-document',
    '--yes',
    '--print-document',
    '--help',
  ],
  completion: ['--help'],
  list: ['--config', '--region', '--json', '--help'],
  replay: ['--cluster', ...VIEW, '--help'],
  show: [...VIEW, '--brief', '--hosts', '--ids', '--step', '--help'],
  'test-page': [...DEPLOYED, '--json', '--help'],
};
