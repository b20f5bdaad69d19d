import { CAUSES, SCOPES, SEVERITIES } from '../../../../shared/contract/causes.ts';
import type { Report, ReportedIncident } from '../../../../shared/contract/report.ts';
import { ERROR_TYPES } from '../../../../shared/contract/telemetry.ts';
import type { NodeFigures } from '../../../../shared/core/telemetry/figures.ts';
import type { RunFigures } from '../../../../shared/core/telemetry/points.ts';
import { FIGURES, latency, LOST_MASTER, REPORT } from './sample-run.ts';

interface CostlyRun {
  readonly nodes: number;
  readonly masters: number;
  readonly report: Report;
  readonly figures: RunFigures;
}

/**
 * A run with a series for everything that can have one: every node is checked and has ghosts, every
 * master has a late answer and one of this run, and there is an incident of every cause in every
 * scope, severity and phase.
 */
export function costlyRun(nodes: number, masters: number): CostlyRun {
  const names = Array.from(
    { length: nodes },
    (_, at) => `ip-10-0-${at >> 8}-${at & 255}.ec2.internal`,
  );
  const asked = names.slice(0, masters);
  const figuresOf = (at: number): NodeFigures => ({
    checkedPeers: nodes - 1,
    missingPeers: { neighbour: at % nodes, fdb: (at * 7) % nodes, route: (at * 11) % nodes },
    lostPeers: at % nodes,
    ghostEntries: at % 5,
  });
  return {
    nodes,
    masters,
    report: {
      ...REPORT,
      hosts: { observed: names, unknown: [] },
      incidents: everyIncident(names),
    },
    figures: {
      ...FIGURES,
      nodes: new Map(names.map((name, at) => [name, figuresOf(at)])),
      latencies: asked.flatMap((name, at) => [
        latency(name, 'answered', 45 + at),
        latency(name, 'answered', 0.2 + at / 100),
      ]),
      failures: Object.fromEntries(ERROR_TYPES.map((type) => [type, 1])),
    },
  };
}

function everyIncident(names: readonly string[]): ReportedIncident[] {
  const [subject = '', ...observers] = names;
  return CAUSES.flatMap((cause) =>
    SCOPES.flatMap((scope) =>
      SEVERITIES.flatMap((severity) =>
        (['suspected', 'open', 'resolved'] as const).map((phase) => ({
          ...LOST_MASTER,
          key: `lab/${scope}/${cause}`,
          cause,
          scope,
          severity,
          phase,
          subject,
          observers,
        })),
      ),
    ),
  );
}
