import type { Action } from '../../shared/contract/probe.ts';
import { isRefusal } from '../deployed/trouble.ts';
import { remark } from '../progress.ts';
import type { Counts } from '../../lambda/systems/ssm/counts.ts';
import type { RunCommand } from '../../lambda/systems/ssm/run-command.ts';

/** What a person waits for. Questions to masters alone run beside these. */
const NAMES: Partial<Record<Action, string>> = {
  digest: 'first look',
  tables: 'whole tables',
  entries: 'second look',
  packets: 'packets again',
};

/** Commands that are watched while hosts answer them. */
interface Rounds {
  readonly commands: RunCommand;
  /** What is under way, and how many hosts are done with it; empty where nothing is. */
  readonly state: () => string;
  /** Why the first question to the hosts could not be asked, or its answers not read, for want of rights. */
  readonly refusal: () => Refusal | undefined;
}

export type Refusal =
  | { readonly of: 'sending'; readonly error: unknown }
  | { readonly of: 'reading'; readonly text: string };

/** Shows on standard error how many hosts have answered each question. */
export function watchRounds(commands: RunCommand): Rounds {
  const actions = new Map<string, Action>();
  const underWay = new Map<string, string>();
  let asksMasters = false;
  let looks = 0;
  let refusal: Refusal | undefined;
  return {
    state: () =>
      [...underWay.values()].at(-1) ?? (asksMasters ? 'masters: node list and API servers' : ''),
    refusal: () => refusal,
    commands: {
      ...commands,
      send: async (command, deadline) => {
        const sent = await commands.send(command, deadline).catch((error: unknown) => {
          if (command.action === 'digest' && isRefusal(error)) refusal = { of: 'sending', error };
          throw error;
        });
        if (sent.id !== undefined) actions.set(sent.id, command.action);
        asksMasters = NAMES[command.action] === undefined;
        return sent;
      },
      collect: async (id, waiting) => {
        const action = actions.get(id);
        // More than one are needed where packets were lost.
        if (action === 'digest') looks += 1;
        const isLater = action === 'digest' && looks > 1;
        const name = isLater ? `look ${looks} at lost packets` : action && NAMES[action];
        if (name === undefined) return await commands.collect(id, waiting);
        underWay.set(id, `${name}: sent`);
        const onCount = (counts: Counts): void => {
          if (counts.targets < Infinity) underWay.set(id, `${name}: ${doneOf(counts)}`);
        };
        const collected = await commands.collect(id, { ...waiting, onCount });
        underWay.delete(id);
        const answers = [...collected.byInstance.values()];
        const answered = answers.filter(({ kind }) => kind === 'answered').length;
        // Whole tables come page by page, each by a command of its own.
        if (action !== 'tables')
          remark(`  ${name}: ${answered} of ${answers.length} hosts answered`);
        const text = collected.troubles.find(isRefusal);
        if (action === 'digest' && answers.length === 0 && text !== undefined) {
          refusal = { of: 'reading', text };
        }
        return collected;
      },
    },
  };
}

function doneOf({ completed, targets }: Counts): string {
  return `${completed} of ${targets} hosts are done`;
}
