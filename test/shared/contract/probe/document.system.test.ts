import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeDocument } from '../../../../shared/contract/probe.ts';
import { probeScript, scriptToRead } from './probe-script.ts';
import { installed } from './recorded-tools.ts';
import { scratchDirectory } from './scratch.ts';

/** AWS Systems Manager quotas: the largest document. */
const MAX_DOCUMENT_BYTES = 64 * 1024;

describe('the script as a document', () => {
  test('it is small enough', () => {
    const document = JSON.stringify(probeDocument(probeScript()));
    expect(Buffer.byteLength(document)).toBeLessThan(MAX_DOCUMENT_BYTES);
  });

  test('each parameter stands once, in single quotes', () => {
    expect(probeScript().match(/.\{\{.*?\}\}./g)).toEqual([
      "'{{ DeviceProfile }}'",
      "'{{ KubeconfigPaths }}'",
      "'{{ Packets }}'",
      "'{{ Action }}'",
      "'{{ Wanted }}'",
    ]);
  });

  test('it is ASCII', () => {
    expect(probeScript()).toMatch(/^[\n -~]*$/);
  });

  test('shellcheck finds nothing', ({ skip }) => {
    const shellcheck = installed('shellcheck');
    if (shellcheck === undefined && process.env['CI'] === undefined)
      skip('shellcheck is not installed');
    const file = path.join(scratchDirectory(), 'probe.sh');
    writeFileSync(file, scriptToRead());
    expect(
      execFileSync(shellcheck ?? 'shellcheck', ['--shell=sh', '--severity=warning', file], {
        encoding: 'utf8',
      }),
    ).toBe('');
  });
});
