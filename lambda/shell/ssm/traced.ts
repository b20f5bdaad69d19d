import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Recorder } from '../telemetry/recorder.ts';

/** The calls that have a span of their own; polls would only be noise in a trace. */
const TRACED = ['SendCommand', 'ListCommandInvocations', 'GetCommandInvocation'] as const;

/** Makes every traced call of the client a span below the one it is made in. */
export function traceCalls(client: SSMClient, recorder: Recorder): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const call = TRACED.find((name) => context.commandName === `${name}Command`);
      if (call === undefined) return await next(args);
      const attributes = {
        'rpc.system.name': 'aws-api',
        'rpc.method': `SSM/${call}`,
      } as const;
      return await recorder.span(`SSM.${call}`, attributes, async () => await next(args));
    },
    { step: 'initialize', name: 'vtepwatchTrace' },
  );
}
