/** The lab's Systems Manager: Run Command on the lab's machines, over the real protocol. */
import { jsonInput, jsonOperation, jsonRefusal, jsonReply, refusalOf } from '../aws-json.ts';
import { listen } from '../endpoint.ts';
import type { Endpoint, Service } from '../endpoint.ts';
import { createGate } from '../gate.ts';
import type { Gate } from '../gate.ts';
import { REAL_TIME } from '../time.ts';
import type { Time } from '../time.ts';
import type { LateTargets } from './command-answers.ts';
import { createCommands } from './commands.ts';
import { createDocuments } from './documents.ts';
import { createNodes } from './nodes.ts';
import type { ManagedNode, NodeBehaviour } from './nodes.ts';
import { operate } from './operations.ts';
import type { Spelling } from './statuses.ts';

export interface SsmOptions {
  readonly nodes: readonly ManagedNode[];
  /** The content of the account's documents, by name. */
  readonly documents: ReadonlyMap<string, object>;
  /** SecureStrings by name; what the map holds when it is asked counts. */
  readonly parameters?: ReadonlyMap<string, string>;
  readonly behaviour?: Partial<ServiceBehaviour>;
  /**
   * How long a second lasts in TimeoutSeconds, in the document's timeout and for the heartbeat.
   * Default 1000. Less, and what takes minutes can be seen at once.
   */
  readonly secondMilliseconds?: number;
  /** Whether the agents remove a command's directory when it has succeeded or failed; not their
   * default. */
  readonly cleanUp?: boolean;
  /** Default: the machine's. */
  readonly time?: Time;
}

/** How the service itself is, as opposed to a node. */
export interface ServiceBehaviour {
  /** How long after SendCommand its invocations cannot be seen: an empty list, and
   * InvocationDoesNotExist. Default 500. */
  readonly invisibleMilliseconds: number;
  /** How far the counts of ListCommands are behind; until then they are 0 of 0. Default 500. */
  readonly countsLateMilliseconds: number;
  /** How `StatusDetails` are spelled. Default `joined`. */
  readonly spelling: Spelling;
  /** Default: none. */
  readonly lateTargets: LateTargets;
}

export interface Ssm extends Endpoint, Omit<SsmAccount, 'service'> {}

/** The account without an address: its callers hand it requests. */
export interface SsmAccount {
  readonly service: Service;
  readonly gate: Gate;
  /** The nodes whose scripts asked for a reboot by exit 194, in order. */
  readonly reboots: readonly string[];
  /** The names of the documents that there are now. */
  documents(): readonly string[];
  /** Counts for what is asked from now on, also about commands sent before. */
  behave(behaviour: Partial<ServiceBehaviour>): void;
  /** Counts for commands that reach the node from now on; going offline also holds back the answers
   * of those that run. Throws for an id that is not registered. */
  behaveNode(instanceId: string, behaviour: NodeBehaviour): void;
  register(node: ManagedNode): void;
  /** Somebody adds a version to a document. */
  addVersion(document: string): void;
  /** Commands under way there go on. */
  deregister(instanceId: string): void;
  /** Ends what still runs. */
  close(): Promise<void>;
}

const BEHAVIOUR: ServiceBehaviour = {
  invisibleMilliseconds: 500,
  countsLateMilliseconds: 500,
  spelling: 'joined',
  lateTargets: { share: 0, milliseconds: 0 },
};

/** Throws for a document that the service would not take or that no agent could run. */
export async function startSsm(options: SsmOptions): Promise<Ssm> {
  const { service, ...account } = createSsm(options);
  const endpoint = await listen(service, account.gate);
  return {
    ...account,
    url: endpoint.url,
    close: async () => {
      await endpoint.close();
      await account.close();
    },
  };
}

/** The same account without a server. */
export function createSsm(options: SsmOptions): SsmAccount {
  const { time = REAL_TIME } = options;
  const documents = createDocuments(options.documents);
  const nodes = createNodes(options.nodes, time);
  const closing = new AbortController();
  const reboots: string[] = [];
  const secondMilliseconds = options.secondMilliseconds ?? 1000;
  const commands = createCommands(documents, {
    nodes,
    time,
    secondMilliseconds,
    cleanUp: options.cleanUp ?? false,
    reboots,
    closing: closing.signal,
  });
  const parameters = options.parameters ?? new Map<string, string>();
  const documentVersions = new Map(documents.names().map((name) => [name, 1]));
  const account = { commands, documents, nodes, parameters, documentVersions, secondMilliseconds };
  let behaviour: ServiceBehaviour = { ...BEHAVIOUR, ...options.behaviour };

  const service: Service = {
    operation: jsonOperation,
    input: jsonInput,
    answer: async (request) => {
      try {
        const now = time.now();
        const context = { ...account, behaviour, now };
        return jsonReply(operate(jsonOperation(request), jsonInput(request), context), '1.1');
      } catch (thrown) {
        const error = refusalOf(thrown);
        if (error === undefined) throw thrown;
        return jsonRefusal(error, '1.1');
      }
    },
    refuse: (error) => jsonRefusal(error, '1.1'),
    throttled: { type: 'ThrottlingException', message: 'Rate exceeded', status: 400 },
  };
  const gate = createGate(time);
  return {
    service,
    gate,
    reboots,
    documents: () => documents.names(),
    behave: (change) => {
      behaviour = { ...behaviour, ...change };
    },
    behaveNode: (instanceId, change) => {
      nodes.behave(instanceId, change);
    },
    register: (node) => {
      nodes.register(node);
    },
    addVersion: (document) => {
      documentVersions.set(document, (documentVersions.get(document) ?? 0) + 1);
    },
    deregister: (instanceId) => {
      nodes.deregister(instanceId);
    },
    close: async () => {
      closing.abort();
      await commands.settled();
    },
  };
}
