import { type Cause, wakes } from '../../contract/causes.ts';
import { CAUSE_RULES, isOfApi } from '../diagnose/causes.ts';
import { rowCauseOf } from '../diagnose/diagnose.ts';
import {
  type Accused,
  type Finding,
  isClusterWide,
  nodeOf,
  ofCluster,
  ofGroup,
} from '../diagnose/finding.ts';
import { type FreshFinding, isDueFresh, isDueOwn, type Planning, sinceNow } from './due.ts';
import { hasState, observersOf, sizeOf, subjectsOf } from './footprint.ts';
import { type Incident, isOpen, isWide, JOIN_RUNS } from './incident.ts';
import { ownedOf } from './owners.ts';
import { sharesOf } from './shares.ts';
import { areOneSide, withIsolatedNodes } from './torn.ts';

/** What a run sees of one fault, and which incident it is. */
export type Plan =
  /** What belongs to an open incident. */
  | { readonly kind: 'own'; readonly incident: Incident; readonly finding: Finding }
  /** Nodes that join an open incident once a second look confirms them. */
  | {
      readonly kind: 'join';
      readonly incident: Incident;
      readonly finding: Finding;
      readonly parts: readonly FreshFinding[];
    }
  /** What belongs to no open incident. */
  | { readonly kind: 'fresh'; readonly finding: Finding; readonly parts: readonly FreshFinding[] };

/**
 * Finds the incident of every finding. What belongs to no open one joins an incident that is still
 * growing, forms a group, or is on its own.
 */
export function plansOf(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  planning: Planning,
): readonly Plan[] {
  const { owned, fresh } = ownedOf(incidents, findings, planning.matrix);
  const plans = [...owned].map(([incident, finding]) => ({
    kind: 'own' as const,
    incident,
    finding,
  }));
  const open = incidents.filter(isOpen).toSorted((one, two) => one.since - two.since);
  const suspected = withSuspicions(incidents, withIsolatedNodes(fresh));
  const unpaged = new Map(plans.filter(isUnpaged).map((plan) => [unpagedOf(plan, planning), plan]));
  const others = plans.filter((plan) => !isUnpaged(plan));
  const made = freshPlans(open, [...suspected, ...unpaged.keys()], { ...planning, plans: others });
  return [
    ...others,
    ...made.map((plan) => {
      const [only, ...more] = plan.kind === 'fresh' ? plan.parts : [];
      const own = only === undefined || more.length > 0 ? undefined : unpaged.get(only);
      return own ?? plan;
    }),
  ];
}

type OwnPlan = Extract<Plan, { kind: 'own' }>;

/**
 * Whether an incident of one node that pages nobody has become one that does. Alone it keeps its key; with
 * others of its cause it joins them, since nobody knows of that key.
 */
function isUnpaged({ incident, finding }: OwnPlan): boolean {
  return incident.paged === undefined && wakes(finding) && !isWide(incident);
}

function unpagedOf({ incident, finding }: OwnPlan, { now }: Planning): FreshFinding {
  const since = sinceNow(incident, finding, now);
  return { finding, suspicion: { ...incident, since } };
}

/** Whether the run would page for the plan now, if a second look confirms it. */
export function isDue(plan: Plan, planning: Planning): boolean {
  const { finding } = plan;
  if (!wakes(finding)) return false;
  switch (plan.kind) {
    case 'join':
      return true;
    case 'fresh':
      return isDueFresh(finding, plan.parts, planning);
    case 'own':
      return isDueOwn(plan.incident, finding, planning);
  }
}

/** The oldest suspicion of each finding: it gives no key, but shows since when the fault is there. */
function withSuspicions(
  incidents: readonly Incident[],
  findings: readonly Finding[],
): readonly FreshFinding[] {
  const suspicions = incidents
    .filter(({ phase }) => phase === 'suspected')
    .toSorted((one, two) => one.since - two.since);
  const byName = new Map(suspicions.map((one) => [`${one.scope}/${one.name}`, one]));
  const sharedWith = sharesOf(suspicions);
  // A state has no cells of its own, and a suspicion of several nodes has none of their names.
  const stateful = suspicions.map((one) => ({ one, isState: hasState(one.footprint) }));
  return findings.map((finding) => {
    const known =
      byName.get(`${finding.scope}/${finding.name}`) ??
      stateful.find(({ isState }) => isState(finding))?.one;
    if (known !== undefined) return { finding, suspicion: known };
    const overlapping = sharedWith(finding).find(
      ({ incident, cells }) =>
        cells.length * 2 >= Math.min(finding.cells.length, sizeOf(incident.footprint)),
    );
    return { finding, suspicion: overlapping?.incident };
  });
}

/** How findings of no open incident are joined. */
interface GroupPlanning extends Planning {
  /** What belongs to open incidents. */
  readonly plans: readonly { readonly incident: Incident; readonly finding: Finding }[];
}

/** So many nodes with one cause are one fault. */
const GROUP = 3;

function freshPlans(
  open: readonly Incident[],
  fresh: readonly FreshFinding[],
  planning: GroupPlanning,
): readonly Plan[] {
  const { matrix } = planning;
  const whole = fresh.filter(({ finding }) => finding.scope === 'cluster');
  const others = fresh.filter(({ finding }) => finding.scope !== 'cluster');
  const known = new Set([
    ...others.map(({ finding }) => finding.cause),
    ...open.map(({ reported }) => reported.cause),
  ]);
  const plans = [...Map.groupBy(others, sharedCauseIn(known))].flatMap(
    ([cause, alike]): readonly Plan[] => {
      const growing = open.filter(
        (one) =>
          one.steadyRuns < JOIN_RUNS &&
          one.reported.cause === cause &&
          !accusesNobody(one, planning),
      );
      const { first, others: ready } = isClusterWide(cause, alike.length, matrix)
        ? { first: [], others: alike }
        : withoutFirstLosses(alike);
      const joins = joinsOf(growing, ready, planning);
      const joining = new Set(joins.flatMap(({ parts }) => parts));
      const left = ready.filter((one) => !joining.has(one));
      if (isClusterWide(cause, left.length, matrix)) {
        const findings = left.map(({ finding }) => finding);
        return [
          ...joins,
          { kind: 'fresh', finding: ofCluster(matrix, cause, findings), parts: left },
        ];
      }
      const groups = groupsOf({ cause, growing, alike: left }, planning);
      const grouped = new Set(groups.flatMap(({ parts }) => parts));
      return [
        ...joins,
        ...groups,
        ...[...first, ...left.filter((one) => !grouped.has(one))].map(alone),
      ];
    },
  );
  return [...whole.map(alone), ...withSeveralCauses(plans, planning)];
}

/**
 * That packets of a node are lost must be seen by two runs: a node that only this one has seen so joins no others,
 * unless most nodes are, since then something has hit them all.
 */
function withoutFirstLosses(
  alike: readonly FreshFinding[],
): Readonly<Record<'first' | 'others', readonly FreshFinding[]>> {
  const { first = [], others = [] } = Object.groupBy(alike, ({ finding, suspicion }) =>
    CAUSE_RULES[finding.cause].isOfPackets === true && suspicion === undefined ? 'first' : 'others',
  );
  return { first, others };
}

/**
 * The cause under which a finding is joined with others: its own, or of a host that has lost most of its peers
 * what it would be called if it had lost all, where another host has. Some of a flushed host's entries may
 * have been set again.
 */
function sharedCauseIn(known: ReadonlySet<Cause>): (one: FreshFinding) => Cause {
  return ({ finding: { scope, severity, cause, cells } }) => {
    const row = scope === 'observer' && severity === 'critical' ? rowCauseOf(cells) : undefined;
    return row !== undefined && known.has(row) ? row : cause;
  };
}

/**
 * Where most nodes are at fault at once, and no cause has most of them, something has hit them all: it is
 * one fault of the cluster, under the cause that most of them have.
 */
function withSeveralCauses(plans: readonly Plan[], planning: GroupPlanning): readonly Plan[] {
  const apart = plans.filter(
    (plan) =>
      plan.kind === 'fresh' &&
      wakes(plan.finding) &&
      !isOfApi(plan.finding.cause) &&
      plan.finding.scope !== 'cluster' &&
      plan.finding.scope !== 'pair',
  );
  const parts = apart.flatMap((plan) => (plan.kind === 'fresh' ? plan.parts : []));
  const byCause = [...Map.groupBy(parts, ({ finding }) => finding.cause)].toSorted(
    ([, one], [, two]) => two.length - one.length,
  );
  const nodes = new Set(parts.map(({ finding }) => nodeOf(finding)));
  const isMost = nodes.size >= GROUP && nodes.size * 2 > planning.matrix.nodes.length;
  const [cause] = byCause[0] ?? [];
  const isDueNow = parts.some((one) => isDueFresh(one.finding, [one], planning));
  if (cause === undefined || byCause.length < 2 || !isMost || !isDueNow) return plans;
  const findings = parts.map((one) => one.finding);
  const finding = ofCluster(planning.matrix, cause, findings);
  return [...plans.filter((plan) => !apart.includes(plan)), { kind: 'fresh', finding, parts }];
}

function alone(one: FreshFinding): Plan {
  return { kind: 'fresh', finding: one.finding, parts: [one] };
}

/** A fault that is proven does not join what accuses nobody: its fix and its page would be lost. */
function accusesNobody(incident: Incident, { plans }: GroupPlanning): boolean {
  return plans.some((plan) => plan.incident === incident && plan.finding.isUndecided === true);
}

const KINDS = [
  { accused: 'subjects', scope: 'subject' },
  { accused: 'observers', scope: 'observer' },
] as const satisfies readonly { readonly accused: Accused; readonly scope: Finding['scope'] }[];

/** Findings join the newest wide incident of their cause that is still growing. */
function joinsOf(
  growing: readonly Incident[],
  alike: readonly FreshFinding[],
  { matrix }: Planning,
): readonly Extract<Plan, { kind: 'join' }>[] {
  return KINDS.flatMap(({ accused, scope }) => {
    const incident = growing.findLast(
      (one) => one.scope === 'cluster' || (one.scope === 'group' && one.accused === accused),
    );
    if (incident === undefined) return [];
    const isBetween = accused === 'observers' ? betweenNodesOf(incident) : () => false;
    const parts = alike.filter(({ finding }) => finding.scope === scope || isBetween(finding));
    if (parts.length === 0) return [];
    const { cause } = incident.reported;
    const findings = parts.map(({ finding }) => finding);
    return [
      { kind: 'join', incident, finding: ofGroup(matrix, { cause, accused }, findings), parts },
    ];
  });
}

/** A pair of two nodes of a cluster-wide incident, one of which was not checked before, is part of it. */
function betweenNodesOf({ scope, footprint }: Incident): (finding: Finding) => boolean {
  const observers = new Set(observersOf(footprint));
  const subjects = new Set(subjectsOf(footprint));
  return ({ scope: other, subject = '', observers: [observer = ''] }) =>
    scope === 'cluster' && other === 'pair' && observers.has(observer) && subjects.has(subject);
}

/**
 * Three are a group where one of them would page now, and so are fewer with those that were paged a
 * moment ago, or that have got this cause now, and two rows of one side of a partition. Paged ones keep
 * their own incidents.
 */
function groupsOf(
  {
    cause,
    growing,
    alike,
  }: {
    readonly cause: Cause;
    readonly growing: readonly Incident[];
    readonly alike: readonly FreshFinding[];
  },
  { matrix, plans, ...planning }: GroupPlanning,
): readonly Extract<Plan, { kind: 'fresh' }>[] {
  return KINDS.flatMap(({ accused, scope }) => {
    const parts = alike.filter(({ finding }) => finding.scope === scope);
    const turned = plans.filter(
      ({ incident, finding }) =>
        finding.cause === cause && incident.reported.cause !== finding.cause,
    );
    const companions = [...growing, ...turned.map(({ incident }) => incident)].filter(
      (one) => one.scope === scope,
    );
    const due = parts.some((one) => isDueFresh(one.finding, [one], planning));
    const findings = parts.map(({ finding }) => finding);
    const isGroup = parts.length + companions.length >= GROUP || areOneSide(findings);
    if (parts.length === 0 || !due || !isGroup) return [];
    return [{ kind: 'fresh', finding: ofGroup(matrix, { cause, accused }, findings), parts }];
  });
}
