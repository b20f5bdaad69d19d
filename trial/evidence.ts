import { writeFile } from 'node:fs/promises';
import type { Report } from '../shared/contract/report.ts';
import type { Page } from './mailbox.ts';
import type { Estimate } from './prices.ts';
import type { StepName } from './steps.ts';

/** What a trial saw, in one file that a person may attach to an issue. Texts are lists of lines. */
export interface Evidence extends Findings {
  readonly format: 'vtepwatch-trial/1';
  readonly outcome: Outcome;
  /** Which step failed, while what was awaited, why, and what to do next. */
  readonly failed?: FailedStep | undefined;
  readonly vtepwatch: string;
  readonly region: string;
  readonly instanceType: string;
  readonly k3s: string;
  readonly began: string;
  readonly ended: string;
  readonly cost: Estimate & { readonly usd: number | undefined };
  readonly steps: readonly StepRecord[];
  /** What is left in the account, and how it is removed. */
  readonly left: readonly string[];
}

/** `passed`: a page with victim and cause, its fix, and RESOLVED. */
export type Outcome = 'passed' | 'failed' | 'interrupted';

export interface FailedStep {
  readonly step: StepName;
  readonly doing: string;
  readonly error: string;
  readonly next: string;
  /** The exit status that its error comes to. */
  readonly status: number;
}

export interface StepRecord {
  readonly step: StepName;
  readonly began: string;
  readonly seconds: number;
  readonly outcome: 'done' | 'failed';
}

/** What comes up in the course of the steps. */
export interface Findings {
  readonly hosts?: readonly HostFacts[];
  readonly healthy?: Report;
  readonly fault?: Damage;
  readonly page?: Page & { readonly secondsAfterFault: number };
  readonly incident?: Report;
  readonly fix?: readonly AppliedCommand[];
  readonly resolved?: Page & { readonly secondsAfterFix: number };
  readonly afterwards?: Report;
  /** The end of the log of instances that did not become nodes. */
  readonly logs?: readonly HostOutput[];
}

/** What was asked of a host, and what it printed. */
export interface HostOutput {
  readonly host: string;
  readonly exit: number;
  readonly output: readonly string[];
}

/** Versions, by what they are of. */
export interface HostFacts {
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
}

interface Damage {
  readonly at: string;
  readonly victim: string;
  readonly tunnelIp: string;
  readonly commands: readonly string[];
  readonly peers: readonly HostOutput[];
}

export interface AppliedCommand {
  readonly at: string;
  readonly commands: readonly string[];
  readonly hosts: readonly HostOutput[];
}

/** As it is written: without account IDs, and without the names of people that ARNs have. */
export function textOf(evidence: Evidence, account: string): string {
  const text = JSON.stringify(evidence, undefined, 2);
  // In names of roles and buckets it stands between dashes, and in an id of a host the same digits may be part of more.
  const own = new RegExp(`(?<![0-9A-Za-z])${account}(?![0-9A-Za-z])`, 'g');
  return `${withoutNames(withoutAccounts(text.replaceAll(own, 'ACCOUNT')))}\n`;
}

/**
 * Of other accounts, too. Twelve digits stand alone or in an ARN; in ids of commands and hosts they are part of a
 * word. The trial's own account is also in names of roles and buckets.
 */
function withoutAccounts(text: string): string {
  return text.replaceAll(/(?<![0-9A-Za-z-])\d{12}(?![0-9A-Za-z])/g, 'ACCOUNT');
}

/** A session is often called after the person whose it is. */
function withoutNames(text: string): string {
  return text.replaceAll(/\b(assumed-role|user)\/[\w+=,.@/-]+/g, '$1/NAME');
}

export async function writeEvidence(
  file: string,
  evidence: Evidence,
  account: string,
): Promise<void> {
  await writeFile(file, textOf(evidence, account));
}
