import { createInterface } from 'node:readline';
import { systemClock } from '../../../../lambda/systems/system-clock.ts';
import { startTelemetry } from '../../../../lambda/systems/telemetry/telemetry.ts';
import { checkedPeers, exception, ROOT_ATTRIBUTES } from './samples.ts';

/**
 * A process that stands for a warm function: for each number on its standard input one run, which
 * records it, flushes, and prints what the flush gave and what still keeps the process busy.
 */
const telemetry = startTelemetry({
  environment: process.env,
  clock: systemClock,
  functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:vtepwatch-lab',
  functionVersion: '7',
  cluster: 'lab',
  pointsMax: 1000,
});
const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  await telemetry.span('function', ROOT_ATTRIBUTES, async () => {
    telemetry.record([checkedPeers('node1', Number(line))]);
    telemetry.emit([exception(`run ${line}`)]);
  });
  const failures = await telemetry.flush(60_000);
  // What was answered is closed by the server a moment later.
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
  process.stdout.write(`${JSON.stringify({ failures, timers })}\n`);
}
