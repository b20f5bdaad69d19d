import type { Fix } from '../../shared/contract/report.ts';
import type { Finding } from '../../shared/core/diagnose/finding.ts';
import { type Circumstances, fixesIn } from '../../shared/core/fix/fix.ts';
import type { Judgement } from '../../shared/core/judge.ts';
import { LIMITS } from './cluster.ts';

/** The key of the incident that the fixes belong to. */
export const KEY = 'prod/subject/master1';

/** The fixes of a judgement, of which nothing else is known where nothing else is given. */
export function fixesOf(
  judgement: Judgement,
  circumstances: Partial<Circumstances> = {},
): (finding: Finding) => readonly Fix[] {
  const fixes = fixesIn(judgement, {
    daemonSets: [],
    latencies: [],
    limits: LIMITS,
    site: undefined,
    ...circumstances,
  });
  return (finding) => fixes(finding, KEY);
}

/** A command for entries as it stands in a fix: nothing on the owner, nothing without the device. */
export function guarded(
  { tunnelIp, mac }: { readonly tunnelIp?: string | undefined; readonly mac?: string | undefined },
  commands: string,
  device = 'flannel.1',
): string {
  return `case $(ip addr show dev ${device} 2>/dev/null) in *[!0-9a-f.:]${tunnelIp}/*|*${mac}*) ;; */32*) ${commands} ;; esac`;
}
