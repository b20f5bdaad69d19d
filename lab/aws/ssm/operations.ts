import { clientError } from '../aws-json.ts';
import {
  cancelCommand,
  getCommandInvocation,
  listCommandInvocations,
  listCommands,
  sendCommand,
} from './command-operations.ts';
import type { View } from './command-answers.ts';
import type { Commands } from './commands.ts';
import { describeInstanceInformation, getParameter } from './inventory-operations.ts';
import type { Nodes } from './nodes.ts';
import {
  cancelCommandRequest,
  describeInstanceInformationRequest,
  getCommandInvocationRequest,
  getParameterRequest,
  listCommandInvocationsRequest,
  listCommandsRequest,
  sendCommandRequest,
} from './requests.ts';
import { validate } from './validation.ts';

interface OperationContext {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly commands: Commands;
  readonly nodes: Nodes;
  readonly parameters: ReadonlyMap<string, string>;
  readonly secondMilliseconds: number;
  readonly behaviour: Omit<View, 'now'> & { readonly invisibleMilliseconds: number };
}

/** The answer to one call, as it is at this moment. Throws what the service refuses. */
export function operate(operation: string, input: unknown, context: OperationContext): object {
  const { commands, nodes, behaviour, now } = context;
  const view = { ...behaviour, now };
  const runs = { commands, nodes, view, invisibleMilliseconds: behaviour.invisibleMilliseconds };
  const inventory = context;
  switch (operation) {
    case 'SendCommand':
      return sendCommand(validate(sendCommandRequest, input), runs);
    case 'ListCommands':
      return listCommands(validate(listCommandsRequest, input), runs);
    case 'ListCommandInvocations':
      return listCommandInvocations(validate(listCommandInvocationsRequest, input), runs);
    case 'GetCommandInvocation':
      return getCommandInvocation(validate(getCommandInvocationRequest, input), runs);
    case 'CancelCommand':
      return cancelCommand(validate(cancelCommandRequest, input), runs);
    case 'DescribeInstanceInformation':
      return describeInstanceInformation(
        validate(describeInstanceInformationRequest, input),
        inventory,
      );
    case 'GetParameter':
      return getParameter(validate(getParameterRequest, input), inventory);
    default:
      throw clientError('UnknownOperationException', `The lab's SSM has no ${operation}.`);
  }
}
