/** Masters whose API servers answer late, or not at all. */
import type { ApiState } from '../matrix/api-states.ts';
import type { Condition, Presence, SettledNodes } from '../matrix/conditions.ts';
import { formatDuration } from '../time.ts';

/** What names the incident of a master's API server, whether it is slow or silent. */
export const CONTROL_PLANE = 'control-plane';

/** Masters on which `kubectl get nodes` takes long. Whether a silent one would be slow is not known. */
export function slowApis(nodes: SettledNodes): Condition {
  return apisThatAre('slow', nodes, ({ kind }) => kind !== 'unreachable');
}

/** Masters on which neither `kubectl get nodes` nor `/readyz` gets an answer. */
export function unreachableApis(nodes: SettledNodes): Condition {
  return apisThatAre('unreachable', nodes, () => true);
}

function apisThatAre(
  kind: Exclude<ApiState['kind'], 'ok'>,
  { apis = new Map<string, ApiState>() }: SettledNodes,
  isKnown: (state: ApiState) => boolean,
): Condition {
  const all = [...apis];
  return {
    present: new Map(
      all.flatMap(([node, state]) =>
        state.kind === 'ok' || state.kind !== kind
          ? []
          : [[node, presenceOf(node, state)] as const],
      ),
    ),
    known: new Set(all.flatMap(([node, state]) => (isKnown(state) ? [node] : []))),
  };
}

/** What a page would show of it anyway, its slow and silent requests, stands beside this. */
function presenceOf(
  node: string,
  { response, answers, readyzSeconds }: Exclude<ApiState, { readonly kind: 'ok' }>,
): Presence {
  const { usualSeconds } = response;
  const usual =
    usualSeconds === undefined
      ? []
      : [
          `before that, kubectl get nodes took ${formatDuration(usualSeconds)} on ${node} (median of ${answers} answers)`,
        ];
  const readyz =
    readyzSeconds === undefined || readyzSeconds >= 1
      ? []
      : [`${node}: /readyz took ${formatDuration(readyzSeconds)}`];
  return { beside: [], affected: 0, evidence: [...usual, ...readyz], response };
}
