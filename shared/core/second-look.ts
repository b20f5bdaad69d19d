import { WANTED_PATTERN } from '../contract/probe.ts';
import type { Finding } from './diagnose/finding.ts';
import type { Judgement } from './judge.ts';

/** Whom to ask again before a page, and for what. */
export interface SecondLook {
  /** Managed-node ids; at most as many as one command takes. */
  readonly instanceIds: readonly string[];
  /** The entries in question, comma-separated; undefined where all tables are asked for again. */
  readonly wanted: string | undefined;
}

/** Hosts that one command can name (SendCommand, InstanceIds). */
const HOSTS = 50;

/**
 * The observers and subjects of the findings, the subjects first: where a subject's own device has
 * changed meanwhile, what its observers hold means something else.
 */
export function secondLookOf(findings: readonly Finding[], judgement: Judgement): SecondLook {
  const subjects = new Set(findings.flatMap(({ cells }) => cells.map(({ subject }) => subject)));
  const accused = findings.flatMap(({ subject }) => subject ?? []);
  const observers = findings.flatMap((finding) => finding.observers);
  const ids = new Map(
    judgement.members.map(({ node, observed }) => [node, observed?.host.instanceId]),
  );
  const instanceIds = [...new Set([...accused, ...observers])]
    .map((node) => ids.get(node))
    .filter((id) => id !== undefined)
    .slice(0, HOSTS);
  return { instanceIds, wanted: wantedOf(subjects, judgement) };
}

function wantedOf(subjects: ReadonlySet<string>, { vteps }: Judgement): string | undefined {
  const tokens = vteps
    .filter(({ node }) => subjects.has(node))
    .flatMap(({ tunnelIp, mac, podCidr }) => [tunnelIp, mac, podCidr])
    .filter((token) => token !== undefined);
  const wanted = tokens.join(',');
  // What the document's own pattern refuses, a masked MAC for one, is not worth a refused command.
  return new RegExp(WANTED_PATTERN).test(wanted) ? wanted : undefined;
}
