import { expect, onTestFinished, test } from 'vitest';
import { modelledMachines } from '../../../../lab/machines/modelled/machines.ts';
import { realMachines } from '../../../../lab/machines/real/machines.ts';
import { account, invocations, outputOf } from './account.ts';

const SCRIPT =
  'uname -n; ip -o -4 addr show dev flannel.1 | grep -o "inet [0-9.]*"; echo "${HOME-unset}"';
const UNPRIVILEGED = process.getuid?.() !== 0 && process.env['CI'] === undefined;

test.for([
  { kind: 'modelled', make: modelledMachines, skipped: false },
  { kind: 'real', make: realMachines, skipped: UNPRIVILEGED },
])('a document runs on all of the lab’s $kind machines', async ({ make, skipped }, { skip }) => {
  skip(skipped, 'Only root may make network namespaces.');
  const lab = await make();
  onTestFinished(() => lab.close());
  const { machines } = lab;
  const made = await account(SCRIPT, {
    nodes: machines.map((host) => ({ machine: host, tags: {} })),
  });
  const list = await invocations(made, await made.send());
  expect(list.map(outputOf)).toEqual(
    machines.map(({ name, tunnelIp }) => `${name}\ninet ${tunnelIp}\nunset\n`),
  );
});
