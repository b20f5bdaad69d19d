import type { Facts, RememberedDevice } from '../facts.ts';
import { devicesOf } from './device-age.ts';
import type { Member } from './member.ts';

/** New nodes, freshly booted hosts and young devices are still being programmed. */
export function graceOf(facts: Facts, member: Omit<Member, 'grace'>): string | undefined {
  const { graceSeconds } = facts.limits;
  const { listed, observed } = member;
  const young = (what: string, seconds: number | undefined): string | undefined =>
    seconds !== undefined && seconds < graceSeconds
      ? `${what} ${Math.max(0, Math.floor(seconds))} s ago`
      : undefined;
  const since = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : (facts.now - time) / 1000;
  return (
    young('joined the cluster', since(listed?.createdAt)) ??
    young('booted', observed?.host.uptimeSeconds) ??
    young('its VXLAN device was made', since(youngest(devicesOf(facts.now, member))))
  );
}

/** When the last of the devices was made, epoch milliseconds. */
function youngest(devices: readonly RememberedDevice[]): number | undefined {
  const times = devices.flatMap(({ since }) => since ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
