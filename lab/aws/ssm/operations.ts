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
import type { Documents } from './documents.ts';
import { describeInstanceInformation, getParameter } from './inventory-operations.ts';
import type { Nodes } from './nodes.ts';
import {
  cancelCommandRequest,
  createDocumentRequest,
  deleteDocumentRequest,
  describeInstanceInformationRequest,
  getCommandInvocationRequest,
  getDocumentRequest,
  getParameterRequest,
  listCommandInvocationsRequest,
  listCommandsRequest,
  listDocumentVersionsRequest,
  listDocumentsRequest,
  sendCommandRequest,
} from './requests.ts';
import { validate } from './validation.ts';

interface OperationContext {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly commands: Commands;
  readonly documents: Documents;
  readonly nodes: Nodes;
  readonly parameters: ReadonlyMap<string, string>;
  /** How many versions each document has. */
  readonly documentVersions: ReadonlyMap<string, number>;
  readonly secondMilliseconds: number;
  readonly behaviour: Omit<View, 'now'> & { readonly invisibleMilliseconds: number };
}

/** The answer to one call, as it is at this moment. Throws what the service refuses. */
export function operate(operation: string, input: unknown, context: OperationContext): object {
  const { commands, documents, nodes, behaviour, now } = context;
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
    case 'ListDocumentVersions': {
      const { Name } = validate(listDocumentVersionsRequest, input);
      const count = context.documentVersions.get(Name);
      if (count === undefined)
        throw clientError('InvalidDocument', `There is no document ${Name}.`);
      return {
        DocumentVersions: Array.from({ length: count }, (_, at) => ({
          Name,
          DocumentVersion: String(count - at),
          IsDefaultVersion: at === 0,
        })),
      };
    }
    case 'CreateDocument':
      return documents.create(validate(createDocumentRequest, input), now);
    case 'DescribeDocument':
      return documents.describe(validate(getDocumentRequest, input), now);
    case 'GetDocument':
      return documents.get(validate(getDocumentRequest, input), now);
    case 'DeleteDocument':
      return documents.remove(validate(deleteDocumentRequest, input).Name);
    case 'ListDocuments':
      return documents.list(validate(listDocumentsRequest, input));
    default:
      throw clientError('UnknownOperationException', `The lab's SSM has no ${operation}.`);
  }
}
