/**
 * The `ip` and `bridge` of a modelled machine:
 *
 *   node program.ts <ip|bridge> <file of the machine's model> [words…]
 */
import { readFileSync } from 'node:fs';
import { batch, type Session, single } from './commands.ts';
import type { Model } from './kernel.ts';
import { changeModel, readModel } from './store.ts';

const STDIN = 0;

const [program, file = '', ...words] = process.argv.slice(2);
if (program !== 'ip' && program !== 'bridge') throw new Error(`no such program: ${program}`);

const batched = words[0] === '-batch' ? readFileSync(STDIN, 'utf8') : undefined;
const play = (model: Model): Session =>
  batched === undefined ? single(program, model, words) : batch(program, model, batched);

const before = readModel(file);
let session = play(before);
if (session.model !== before) {
  // Most sessions only look; this one is played again where nobody else can change the machine.
  changeModel(file, (model) => {
    session = play(model);
    return session.model;
  });
}
process.stdout.write(session.stdout);
process.stderr.write(session.stderr);
process.exitCode = session.exit;
