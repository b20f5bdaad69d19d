import { randomUUID } from 'node:crypto';
import { clientError } from '../aws-json.ts';
import type { Command, CommandRequest, Target } from './command.ts';
import { deliver } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import { checkParameters, scriptOf } from './document.ts';
import type { Document } from './document.ts';
import type { Documents } from './documents.ts';
import type { SendCommandRequest } from './requests.ts';
import { checkInstanceIds, resolveTargets } from './targets.ts';
import type { World } from './world.ts';

/** The account's commands, the latest of them. */
export interface Commands {
  /** Throws what SendCommand refuses. */
  send(request: SendCommandRequest): Command;
  find(id: string): Command | undefined;
  /** The latest first. */
  all(): readonly Command[];
  cancel(id: string, instanceIds: readonly string[]): void;
  /** Waits until nothing runs for any command; to be called when the world is closing. */
  settled(): Promise<void>;
}

/** SSM keeps 30 days of commands; the lab's memory is bounded by what they left. */
const INVOCATIONS_KEPT = 50_000;

/** The service's defaults. */
const TIMEOUT_SECONDS = 3600;
const MAX_CONCURRENCY = '50';
const MAX_ERRORS = '0';

export function createCommands(documents: Pick<Documents, 'active'>, world: World): Commands {
  const kept = new Map<string, { readonly command: Command; readonly delivery: Delivery }>();
  const running = new Set<Promise<unknown>>();
  let invocationsKept = 0;

  return {
    send: (raw) => {
      const document = documentOf(raw, (name) => documents.active(name, world.time.now()));
      const values = checkParameters(document, raw.Parameters ?? {});
      const request = requestOf(raw);
      const ids = nodesOf(request, world);
      const order = {
        id: randomUUID(),
        document,
        script: scriptOf(document, values),
        parameters: values,
        request,
        requestedAt: world.time.now(),
      };
      const delivery = deliver(order, ids, world);
      const settled = delivery.settled.finally(() => running.delete(settled));
      running.add(settled);

      const command = { ...order, invocations: delivery.invocations };
      kept.set(command.id, { command, delivery });
      invocationsKept += ids.length;
      for (const [id, old] of kept) {
        if (invocationsKept <= INVOCATIONS_KEPT || id === command.id) break;
        kept.delete(id);
        invocationsKept -= old.command.invocations.size;
      }
      return command;
    },
    find: (id) => kept.get(id)?.command,
    all: () => [...kept.values()].map(({ command }) => command).toReversed(),
    cancel: (id, instanceIds) => {
      kept.get(id)?.delivery.cancel(instanceIds);
    },
    settled: async () => {
      await Promise.all(running);
    },
  };
}

function documentOf(request: SendCommandRequest, active: (name: string) => Document): Document {
  const name = request.DocumentName.split(':document/').at(-1) ?? '';
  const document = active(name);
  const version = request.DocumentVersion ?? '$DEFAULT';
  if (!version.startsWith('$') && version !== '1') {
    throw clientError('InvalidDocumentVersion', `Document ${name} has no version ${version}.`);
  }
  return document;
}

function requestOf(raw: SendCommandRequest): CommandRequest {
  return {
    comment: raw.Comment ?? '',
    parameters: raw.Parameters ?? {},
    instanceIds: raw.InstanceIds ?? [],
    targets: (raw.Targets ?? []).map(({ Key, Values }): Target => ({ key: Key, values: Values })),
    timeoutSeconds: raw.TimeoutSeconds ?? TIMEOUT_SECONDS,
    maxConcurrency: raw.MaxConcurrency ?? MAX_CONCURRENCY,
    maxErrors: raw.MaxErrors ?? MAX_ERRORS,
  };
}

function nodesOf({ instanceIds, targets }: CommandRequest, world: World): readonly string[] {
  if (instanceIds.length > 0 === targets.length > 0) {
    throw clientError('ValidationException', 'Specify either InstanceIds or Targets.');
  }
  return instanceIds.length > 0
    ? checkInstanceIds(instanceIds, world.nodes)
    : resolveTargets(targets, world.nodes);
}
