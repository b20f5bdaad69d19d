/** A lab that is going to be killed: it prints its traces, and then waits for its end.
 *
 *   node lab-to-kill.ts <real|modelled>
 */
import { modelledMachines } from '../../../lab/machines/modelled/machines.ts';
import { realMachines } from '../../../lab/machines/real/machines.ts';
import { tracesOf } from './leftovers.ts';

const machines = await (process.argv[2] === 'real' ? realMachines() : modelledMachines());
process.stdout.write(`${JSON.stringify(await tracesOf(machines))}\n`);
