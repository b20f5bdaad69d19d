import { systemClock } from '../../../../lambda/systems/system-clock.ts';
import { startTelemetry } from '../../../../lambda/systems/telemetry/telemetry.ts';
import { checkedPeers, exception, ROOT_ATTRIBUTES } from './samples.ts';

/** A process that records, flushes and has nothing more to do; its last line is what the flush gave. */
const telemetry = startTelemetry({
  environment: process.env,
  clock: systemClock,
  functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:vtepwatch-lab',
  functionVersion: '7',
  cluster: 'lab',
  pointsMax: 1000,
});
await telemetry.span('function', ROOT_ATTRIBUTES, async () => {
  telemetry.record([checkedPeers('node1', 5)]);
  telemetry.emit([exception('first')]);
});
const failures = await telemetry.flush(60_000);
process.stdout.write(`\n${JSON.stringify(failures)}`);
