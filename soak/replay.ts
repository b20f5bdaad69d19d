import { type PlayedRun, simulate } from './simulate.ts';
import type { Deployment, Story, StoryEvent } from './story.ts';

/** A story step by step: what happened before each run, what the run said, and what was wrong with it. */
export async function replay(
  story: Story,
  deployment: Deployment,
  print: (line: string) => void,
): Promise<void> {
  print(
    `story ${story.name}, ${deployment}: ${story.nodes} nodes, ${story.masters} of them masters, ` +
      `new devices ${story.keepsMac ? 'keep the MAC' : 'get a new MAC'}`,
  );
  let shown = 0;
  const events = story.events.toSorted((one, other) => one.at - other.at);
  const { verdict } = await simulate(story, deployment, (played) => {
    const until = played.at;
    for (const event of events.slice(shown)) {
      if (event.at > until) break;
      print(eventText(event));
      shown += 1;
    }
    for (const line of runLines(played)) print(line);
  });
  for (const { kind, at, of, detail } of verdict.failures) {
    print(`${clock(at)}  FAILURE ${kind} (${of}): ${detail}`);
  }
  for (const { label, pages, keys, seconds } of verdict.faults) {
    const when = seconds === undefined ? 'no page' : `first page after ${Math.round(seconds)} s`;
    print(`fault: ${label}: ${pages} pages under ${keys} keys, ${when}`);
  }
}

function eventText({ at, ...happening }: StoryEvent): string {
  return `${clock(at)}  ${JSON.stringify(happening)}`;
}

function runLines({ at, run, pages }: PlayedRun): readonly string[] {
  const { report, error } = run;
  if (report === undefined) return [`${clock(at)}  run failed: ${error ?? ''}`];
  if (report.refused !== undefined) return [`${clock(at)}  run refused: ${report.refused}`];
  const { hosts, incidents, problems } = report;
  const unknown = hosts.unknown.length === 0 ? '' : `, unknown: ${hosts.unknown.join(' ')}`;
  return [
    `${clock(at)}  run: ${report.verdict}, ${hosts.observed.length} hosts read${unknown}`,
    ...incidents.map(
      ({ key, cause, phase, severity, missingPeers, checkedPeers }) =>
        `         ${phase} ${severity} ${key} ${cause} ${missingPeers}/${checkedPeers}`,
    ),
    ...problems.map(({ where, message }) => `         problem: ${where}: ${message}`),
    ...pages.map(({ kind, subject }) => `         PAGE ${kind}: ${subject}`),
  ];
}

function clock(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  return `${String(minutes).padStart(4)}:${String(rest).padStart(2, '0')}`;
}
