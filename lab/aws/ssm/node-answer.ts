/** What a node sends back for a command, by its behaviour. */
import { LAB_REGION } from '../account.ts';
import { runScript } from './agent.ts';
import type { Order, Result } from './command.ts';
import { judge } from './exit-codes.ts';
import type { ScriptAnswer } from './exit-codes.ts';
import type { RegisteredNode } from './nodes.ts';
import { STDERR_BYTES, STDOUT_BYTES, content, listedOutput } from './output.ts';
import type { World } from './world.ts';

type NodeAnswer = ScriptAnswer | { readonly status: 'Skipped'; readonly note: string };

interface Assignment {
  readonly order: Order;
  readonly world: World;
  /** Aborted when the command is cancelled on this node, or nobody waits for it any more. */
  readonly stop: AbortSignal;
}

const NO_OUTPUT = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), remark: '' } as const;

const CANCELLED: ScriptAnswer = judge({ kind: 'cancelled' }, Buffer.alloc(0), Buffer.alloc(0));

export async function answerOf(node: RegisteredNode, assignment: Assignment): Promise<NodeAnswer> {
  const giveBack = await node.slots.take(assignment.stop);
  if (giveBack === undefined) return CANCELLED;
  try {
    return await taken(node, assignment);
  } catch (cause) {
    // A machine that cannot be written to or started on is the lab's own trouble; it must not look
    // like silence.
    const message = `the lab could not run it on ${node.machine.name}: ${String(cause)}`;
    return judge({ kind: 'not-started', message }, Buffer.alloc(0), Buffer.alloc(0));
  } finally {
    giveBack();
  }
}

export function resultOf(answer: NodeAnswer): Result {
  if (answer.status === 'Skipped') {
    return { code: 0, listed: answer.note, stdout: '', stderr: '' };
  }
  const remark = Buffer.from(answer.remark);
  const stdout = Buffer.concat([answer.stdout, remark]);
  const stderr = answer.status === 'Failed' ? [answer.stderr, remark] : [answer.stderr];
  return {
    code: answer.code,
    listed: listedOutput(answer.stdout, answer.stderr),
    stdout: content(stdout, STDOUT_BYTES),
    stderr: content(Buffer.concat(stderr), STDERR_BYTES),
  };
}

async function taken(node: RegisteredNode, assignment: Assignment): Promise<NodeAnswer> {
  const { order, world, stop } = assignment;
  const { platform } = order.document;
  if (platform !== undefined && platform !== (node.platform ?? 'Linux')) {
    return {
      status: 'Skipped',
      note:
        `Step execution skipped due to unsatisfied preconditions: ` +
        `'"StringEquals": [platformType, ${platform}]'. Step name: ${order.document.step}`,
    };
  }
  const { behaviour } = node;
  switch (behaviour.kind) {
    case 'answers': {
      const stderr = Buffer.from(behaviour.stderr ?? '');
      const code = behaviour.exit ?? 0;
      return judge({ kind: 'exited', code }, Buffer.from(behaviour.stdout), stderr);
    }
    case 'rewrites': {
      const answer = await run(node, assignment);
      return { ...answer, stdout: Buffer.from(behaviour.rewrite(answer.stdout.toString('utf8'))) };
    }
    case 'disk-full':
      return {
        ...NO_OUTPUT,
        status: behaviour.reports,
        code: behaviour.reports === 'Failed' ? 1 : 0,
      };
    case 'killed': {
      const ending = { kind: 'signalled', signal: 'SIGKILL' } as const;
      return judge(ending, Buffer.from(behaviour.stdout), Buffer.alloc(0));
    }
    case 'runs-twice': {
      const [first, second] = [await run(node, assignment), await run(node, assignment)];
      return { ...second, stdout: Buffer.concat([first.stdout, second.stdout]) };
    }
    case 'late': {
      const answer = await run(node, assignment);
      return (await passed(world.time.timeout(behaviour.milliseconds), stop)) ? answer : CANCELLED;
    }
    // A node that has gone offline since it took the command still runs it.
    case 'offline':
    case 'hibernates':
    case 'online':
    case 'refused':
      return run(node, assignment);
  }
}

async function run(node: RegisteredNode, assignment: Assignment): Promise<ScriptAnswer> {
  const { order, world, stop } = assignment;
  const { machine } = node;
  if ('answer' in machine) {
    const stdout = Buffer.from(machine.answer(order.parameters));
    return judge({ kind: 'exited', code: 0 }, stdout, Buffer.alloc(0));
  }
  return runScript(
    machine,
    {
      commandId: order.id,
      step: order.document.step,
      script: order.script,
      timeoutMilliseconds: order.document.executionSeconds * world.secondMilliseconds,
      region: LAB_REGION,
      cleanUp: world.cleanUp,
    },
    stop,
  );
}

/** False: stopped before. */
async function passed(time: AbortSignal, stop: AbortSignal): Promise<boolean> {
  const either = AbortSignal.any([time, stop]);
  if (!either.aborted) {
    await new Promise((resolve) => {
      either.addEventListener('abort', resolve);
    });
  }
  return !stop.aborted;
}
