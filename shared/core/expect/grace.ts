import type { Facts } from '../facts.ts';
import { deviceAge } from './device-age.ts';
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
    young('its VXLAN device was made', since(deviceAge(facts.now, member).deviceSince))
  );
}
