/** Makes machines as the lab would and prints what came of it. */
import { makeMachines } from '../../../lab/machines/make.ts';

try {
  const made = await makeMachines();
  await made.close();
  process.stdout.write(JSON.stringify({ kind: made.kind, reason: made.reason }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: String(error) }));
}
