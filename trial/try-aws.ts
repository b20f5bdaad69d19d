#!/usr/bin/env node

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canAsk, mustAgree } from '../cli/ask.ts';
import { messageOf, statusOf, usage } from '../cli/failure.ts';
import { ignoreLostReaders } from '../cli/lost-readers.ts';
import { during, remark } from '../cli/progress.ts';
import { printable } from '../shared/core/plain-text.ts';
import { findPlace, type Place } from './account.ts';
import { type Clients, createClients } from './clients.ts';
import { createDiary } from './diary.ts';
import { destroy, findRemainder, namesIn, type Remainder } from './destroy.ts';
import { exitStatusOf, summaryOf } from './conclusion.ts';
import { writeEvidence } from './evidence.ts';
import { HELP, readOptions, type TrialOptions } from './options.ts';
import { planLines, removalCommands, stacksOf } from './plan.ts';
import { onSignals } from './signals.ts';
import { mustNotStand } from './stacks.ts';
import { runTrial } from './trial.ts';

/** Returns the exit status. */
async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (!options.isAgreed && !canAsk()) {
    throw usage('try:aws asks before it makes or deletes anything: use a terminal, or --yes');
  }
  const place = await during(
    'looking which account and Region these are',
    findPlace(options.region),
  );
  const clients = createClients(place.region);
  try {
    return options.destroyOnly
      ? await destroyOnly(options, place, clients)
      : await tryIt(options, place, clients);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

async function tryIt(options: TrialOptions, place: Place, clients: Clients): Promise<number> {
  const { name } = options.instances;
  await mustNotStand(clients.cloudFormation, stacksOf(name));
  for (const line of planLines(options.instances, place, options.keep)) remark(line);
  if (!options.isAgreed) await mustAgree('Begin?', 'nothing was made');
  const folder = await mkdtemp(path.join(tmpdir(), 'vtepwatch-trial-'));
  const signals = onSignals(place, stacksOf(name));
  try {
    const evidence = await runTrial(options, {
      place,
      clients,
      folder,
      interrupt: signals.interrupt,
    });
    const time = evidence.began.replaceAll(/[:.]/g, '-');
    const file = options.evidence ?? `try-aws-${time}.json`;
    await writeEvidence(file, evidence, place.account);
    for (const line of summaryOf(evidence, file)) process.stdout.write(`${printable(line)}\n`);
    return signals.status() ?? exitStatusOf(evidence);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function destroyOnly(
  { instances: { name }, isAgreed, stepMinutes }: TrialOptions,
  place: Place,
  clients: Clients,
): Promise<number> {
  const find = (): Promise<Remainder> =>
    findRemainder(clients, name, ({ trial }) => trial === name);
  const remainder = await find();
  const [other] = remainder.others;
  if (other !== undefined) {
    throw new Error(
      `the stack ${other} has no tag of this trial: it is somebody's own, and left as it is`,
    );
  }
  const { account, region } = place;
  const names = namesIn(remainder);
  const all = [...names.stacks, ...names.tables];
  if (all.length === 0) {
    remark(`account ${account} has nothing of the trial ${name} in ${region}`);
    return 0;
  }
  remark(`About to delete in account ${account}, Region ${region}: ${all.join(', ')}`);
  if (!isAgreed) await mustAgree('Delete it?', 'nothing was deleted');
  const diary = createDiary({ interrupt: new AbortController().signal, stepMinutes });
  try {
    await diary.step('destroy', (step) => destroy(clients, remainder, step));
    return 0;
  } catch (error) {
    remark('what is left is removed by:');
    const left = namesIn(await find().catch(() => remainder));
    for (const line of removalCommands(place, left)) remark(printable(`  ${line}`));
    throw error;
  }
}

ignoreLostReaders();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // The message may quote what AWS or a host said.
  process.stderr.write(`try:aws: ${printable(messageOf(error))}\n`);
  process.exitCode = statusOf(error);
}
