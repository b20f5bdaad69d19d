import { renameSync, writeFileSync } from 'node:fs';

/** How exactly a script on a modelled machine can measure time. */
const TICK_MS = 100;

/** Hosts that have long been up: a young one is not judged. */
const BOOTED_SECONDS_AGO = 10 * 24 * 3600;

/** Keeps files like Linux's /proc/uptime going, for systems that have none. Ends with the returned
 * function. */
export function keepUptime(files: readonly string[]): () => void {
  const write = (): void => {
    const uptime = (BOOTED_SECONDS_AGO + performance.now() / 1000).toFixed(2);
    for (const file of files) {
      writeFileSync(`${file}.next`, `${uptime} ${uptime}\n`);
      renameSync(`${file}.next`, file);
    }
  };
  write();
  const timer = setInterval(write, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
