import { setTimeout } from 'node:timers/promises';
import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import type { Fault } from '../faults.ts';
import { fixAsThePageSays } from '../story/fix.ts';
import type { Teller } from '../program.ts';
import type { World } from '../world.ts';
import type { AlertChange } from './alert-receiver.ts';
import type { Backend } from './backend.ts';

interface Rehearsal {
  readonly world: World;
  readonly backend: Backend;
  readonly scheduleSeconds: number;
  /** One that cuts a node off from its peers. */
  readonly fault: Fault;
  readonly tell: Teller;
}

/** One part of the rehearsal, and what was heard of alerts since the part before it. */
export interface Act {
  readonly name: keyof typeof HEADINGS;
  readonly began: Date;
  readonly changes: readonly AlertChange[];
}

const HEADINGS = {
  unwatched: 'Nothing has ever reported',
  healthy: 'The first runs',
  broken: 'A fault',
  fixed: 'The fix',
  silent: 'The function stops',
  resumed: 'The function is back',
} as const;

/** No alert needs more than three runs, and the ten seconds for which VictoriaMetrics remembers that
 * there is no such series. This is far above, for a computer that does much else. */
const PATIENCE_RUNS = 10;
const PATIENCE_SECONDS = 180;

const LOOK_MILLISECONDS = 100;

/**
 * Lives through a fault and its mend, before, between and after which there is no watch, with the
 * backend's alerts to tell which is which. Throws where an alert does not come, or does not go.
 */
export async function rehearse(rehearsal: Rehearsal): Promise<readonly Act[]> {
  const { world, backend, fault, tell } = rehearsal;
  const acts: Act[] = [];
  let heard = 0;
  const act = async (name: Act['name'], play: () => Promise<void>): Promise<void> => {
    tell.heading(HEADINGS[name]);
    const began = new Date();
    await play();
    const changes = backend.alerts.changes().slice(heard);
    heard += changes.length;
    acts.push({ name, began, changes });
  };
  const firing = (alert: string): boolean =>
    backend.alerts.firing().some((one) => one.alert === alert);
  const fires = (alert: string): Condition => ({
    what: `${alert} fires`,
    isSo: () => firing(alert),
  });
  const resolve = (...alerts: readonly string[]): Condition => ({
    what: `${alerts.join(' and ')} resolve`,
    isSo: () => !alerts.some(firing),
  });

  await act('unwatched', () => waitUntil(rehearsal, fires('VtepwatchAbsent')));
  await act('healthy', async () => {
    await tickUntil(rehearsal, resolve('VtepwatchAbsent'));
  });
  let incidents: readonly ReportedIncident[] = [];
  await act('broken', async () => {
    await world.inflict(...fault.damage);
    tell.say(fault.summary);
    ({ incidents } = await tickUntil(rehearsal, fires('VtepwatchNodeCutOff')));
  });
  await act('fixed', async () => {
    for (const incident of incidents) await fixAsThePageSays(incident, world, tell);
    await tickUntil(rehearsal, resolve('VtepwatchNodeCutOff', 'VtepwatchStale'));
  });
  await act('silent', () => waitUntil(rehearsal, fires('VtepwatchStale')));
  await act('resumed', async () => {
    await tickUntil(rehearsal, resolve('VtepwatchStale'));
  });
  return acts;
}

interface Condition {
  readonly what: string;
  readonly isSo: () => boolean;
}

async function tick({ world, tell }: Rehearsal): Promise<Report> {
  const report = await world.tick();
  const incidents = report.incidents.map(({ key, cause, phase }) => `; ${key}: ${cause}, ${phase}`);
  tell.say(`tick: ${report.verdict}${incidents.join('')}`);
  return report;
}

/** Ticks on the schedule until it is so. */
async function tickUntil(rehearsal: Rehearsal, { what, isSo }: Condition): Promise<Report> {
  const expired = patience(rehearsal, what);
  for (;;) {
    const due = Date.now() + rehearsal.scheduleSeconds * 1000;
    const report = await tick(rehearsal);
    do {
      if (isSo()) return report;
      await setTimeout(LOOK_MILLISECONDS);
    } while (Date.now() < due);
    expired();
  }
}

async function waitUntil(rehearsal: Rehearsal, { what, isSo }: Condition): Promise<void> {
  const expired = patience(rehearsal, what);
  while (!isSo()) {
    expired();
    await setTimeout(LOOK_MILLISECONDS);
  }
}

/** Throws, when it is called after too long a time. */
function patience({ scheduleSeconds, backend }: Rehearsal, what: string): () => void {
  const seconds = PATIENCE_SECONDS + PATIENCE_RUNS * scheduleSeconds;
  const deadline = Date.now() + seconds * 1000;
  return () => {
    if (Date.now() < deadline) return;
    const firing = backend.alerts.firing().map(({ alert }) => alert);
    throw new Error(`waited ${seconds} s until ${what}; firing: ${firing.join(', ') || 'nothing'}`);
  };
}
