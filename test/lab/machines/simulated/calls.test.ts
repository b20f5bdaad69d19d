import { describe, expect, onTestFinished, test } from 'vitest';
import { simulatedHosts } from '../../../../lab/machines/simulated/hosts.ts';
import { startSimulatedWorld } from '../../../../lab/world.ts';

/** Ends the test where a run does not end by itself. */
const TEST_MS = 120_000;

describe('a healthy run costs little more calls than its commands and the pages of their answers', () => {
  test.for([
    { size: 6, masters: 3 },
    { size: 120, masters: 3 },
  ])('$size hosts, $masters masters', { timeout: TEST_MS }, async ({ size, masters }) => {
    const world = await startSimulatedWorld(simulatedHosts(size, masters), {
      service: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
    });
    onTestFinished(() => world.close());
    // The first run learns who the masters are.
    await world.tick();
    const before = world.aws.ssm.gate.calls.length;
    const report = await world.tick();
    expect(report.verdict).toBe('healthy');
    expect(new Set(report.latencies.map(({ request }) => request))).toEqual(
      new Set(['kubectl get nodes', '/readyz', '/apis/metrics.k8s.io/v1beta1']),
    );
    const calls = world.aws.ssm.gate.calls.slice(before);
    const listed = new Set(
      calls.flatMap(({ operation, input }) =>
        operation === 'ListCommandInvocations' ? commandIn(input) : [],
      ),
    );
    expect(listed.size).toBe(4);
    // Everything else asks whether a command has come to its end.
    const telling = calls
      .map(({ operation }) => operation)
      .filter((operation) => operation !== 'ListCommands');
    expect(telling.filter((operation) => operation === 'SendCommand')).toHaveLength(4);
    // The run waits for the masters' node lists: the call that asks for them is the poll.
    const polls = 1;
    const pages = Math.ceil(size / 50) + 2 * Math.ceil(masters / 50);
    expect(telling.length - polls).toBeLessThanOrEqual(1.2 * (3 + pages));
    // An unchanged list costs no call more.
    expect(telling).not.toContain('GetCommandInvocation');
  });
});

function commandIn(input: unknown): readonly unknown[] {
  return typeof input === 'object' && input !== null && 'CommandId' in input
    ? [input.CommandId]
    : [];
}
