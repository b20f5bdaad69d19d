import { BUILD_TOOLS } from '../../../lab/function/runtime-client.ts';
import { need } from '../../shared/contract/latency/need.ts';
import { installed } from '../../shared/contract/probe/recorded-tools.ts';

/** The sandbox ends its process with `setpriv` of util-linux. */
const TOOLS = [...BUILD_TOOLS, 'setpriv'];

/** Whether Lambda's runtime interface client can be built and run here. */
export const hasRuntimeClient = TOOLS.every((tool) => installed(tool) !== undefined);

/** Fails, or outside CI leaves the test out and says what is missing, where it cannot. */
export function needRuntimeClient(skip: (note: string) => void): void {
  need(skip, ...TOOLS);
}
