import type { Fix } from '../../contract/report.ts';
import { isKind } from '../diagnose/causes.ts';
import { conditionsIn, type Finding } from '../diagnose/finding.ts';
import type { Judgement } from '../judge.ts';
import { commandOf, type WantedEntry } from '../overlay/entries.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { isNodeName } from '../parse/kubernetes.ts';

/**
 * What shows on one host that a fix has worked: the entry that was lost, or of a host that lost all a
 * line for each other node.
 */
export function checkOf(finding: Finding, { profile }: Judgement): Fix['check'] {
  if (isKind(finding.cause, 'node')) return checkOfState(finding);
  const host = finding.observers.find(isNodeName);
  if (host === undefined) return undefined;
  if (!isKind(finding.cause, 'cell')) {
    const device = finding.cells[0]?.entries[0]?.wanted.device ?? profile.devices.ipv4;
    if (!isOverlayDevice(device)) return undefined;
    const command = `ip neigh show dev ${device} nud permanent`;
    return { host, command, shows: 'a line for each other node' };
  }
  for (const { observer, entries } of finding.cells) {
    if (!isNodeName(observer)) continue;
    for (const { wanted } of entries) {
      const shown = shownBy(wanted);
      // A token that no command is made of is none to look for either.
      if (shown !== undefined && commandOf(wanted) !== undefined)
        return { host: observer, ...shown };
    }
  }
  return undefined;
}

function checkOfState(finding: Finding): Fix['check'] {
  const [first] = conditionsIn(finding);
  const { subject, check } = first ?? {};
  return check === undefined || subject === undefined || !isNodeName(subject)
    ? undefined
    : { host: subject, ...check };
}

function shownBy({ table, key, value, device, family }: WantedEntry) {
  switch (table) {
    case 'neighbour':
      return { command: `ip neigh show ${key} dev ${device}`, shows: `lladdr ${value} PERMANENT` };
    case 'fdb':
      return {
        command: `bridge fdb show dev ${device} | grep ${key}`,
        shows: `dst ${value} self permanent`,
      };
    case 'direct':
      return {
        command: `${family === 'ipv6' ? 'ip -6' : 'ip'} route show ${key}`,
        shows: `via ${value}`,
      };
    case 'route':
      return family === 'ipv6'
        ? { command: `ip -6 route show ${key}`, shows: `via ${value} dev ${device}` }
        : { command: `ip route show ${key}`, shows: `via ${value} dev ${device} onlink` };
  }
}
