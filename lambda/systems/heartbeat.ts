import { type Deadline, within } from '../deadline.ts';
import { httpCall } from './http-call.ts';

/** How long a heartbeat may hold up the end of a run. */
const HEARTBEAT_MS = 2000;

/**
 * Reports a completed run to a dead man's switch outside of AWS. Throws where the request fails. The
 * error does not contain the URL, with which anyone could send heartbeats.
 */
export async function beat(url: string, deadline: Deadline): Promise<void> {
  const until = within(HEARTBEAT_MS, deadline);
  const { status } = await httpCall({ method: 'GET', url }, until);
  if (status < 200 || status >= 300) throw new Error(`answered ${status}`);
}
