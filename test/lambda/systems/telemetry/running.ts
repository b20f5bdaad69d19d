import { context, diag, logs, metrics, trace } from '@opentelemetry/api';
import { onTestFinished } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../../../../lab/otlp/receiver.ts';
import { systemClock } from '../../../../lambda/systems/system-clock.ts';
import {
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from '../../../../lambda/systems/telemetry/telemetry.ts';

export const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:vtepwatch-lab';

/** Time enough for any flush. */
export const REMAINING_MILLISECONDS = 60_000;

export async function runningReceiver(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

/** The SDK's providers are global, so each test's are taken away when it ends. */
export function runningTelemetry(
  environment: TelemetryOptions['environment'],
  more: Partial<TelemetryOptions> = {},
): Telemetry {
  onTestFinished(() => {
    for (const api of [metrics, logs, trace, context, diag]) api.disable();
  });
  return startTelemetry({
    environment,
    clock: systemClock,
    functionArn: FUNCTION_ARN,
    functionVersion: '7',
    cluster: 'lab',
    pointsMax: 1000,
    ...more,
  });
}

/** A receiver, and telemetry that sends to it. */
export async function runningPair(
  environment: TelemetryOptions['environment'] = {},
): Promise<{ readonly receiver: OtlpReceiver; readonly telemetry: Telemetry }> {
  const receiver = await runningReceiver();
  const telemetry = runningTelemetry({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    ...environment,
  });
  return { receiver, telemetry };
}
