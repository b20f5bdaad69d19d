import { clientError } from '../../lab/aws/aws-json.ts';
import {
  type DescribeInstanceInformationRequest,
  describeInstanceInformationRequest,
  getCommandInvocationRequest,
  type ListCommandInvocationsRequest,
  listCommandInvocationsRequest,
  listCommandsRequest,
  type SendCommandRequest,
  sendCommandRequest,
} from '../../lab/aws/ssm/requests.ts';
import {
  commandStatus,
  type InvocationStatus,
  invocationStatus,
  isFinal,
} from '../../lab/aws/ssm/statuses.ts';
import { validate } from '../../lab/aws/ssm/validation.ts';
import { between, chance } from '../chance.ts';
import { answerOf } from '../world/answers.ts';
import type { Host } from '../world/host.ts';
import type { World } from '../world/world.ts';

/** A command on one host. */
interface CommandOnHost {
  readonly host: Host;
  status: InvocationStatus;
  /** Epoch milliseconds; undefined before its end. */
  endedAt: number | undefined;
  output: string;
}

interface SentCommand {
  readonly id: string;
  readonly action: string;
  readonly wanted: string;
  readonly sentAt: number;
  readonly onHosts: ReadonlyMap<string, CommandOnHost>;
}

/** How far lists and counts are behind, milliseconds. */
const INVISIBLE_MS = 500;

/** How long the agent may run the script, seconds. */
const EXECUTION_SECONDS = 75;

/** The characters of an output that a list and a single answer show. */
const LISTED_CHARACTERS = 2500;
const FETCHED_CHARACTERS = 24_000;
const CUT_MARK = '---Output truncated---';

/** Agents report every five minutes. */
const HEARTBEAT_MS = 300_000;

/** Systems Manager over the modelled hosts: an operation and its input in, its output out. Throws what the service refuses. */
export function systemsManager(
  world: World,
  { knowsMasters }: { readonly knowsMasters: boolean },
): (operation: string, input: unknown) => object {
  const commands = new Map<string, SentCommand>();
  const account = { world, commands, knowsMasters };
  let calls = 0;
  return (operation, input) => {
    calls += 1;
    const { share, until } = world.troubles.throttled;
    if (world.now < until && chance('throttle', calls, world.now) < share) {
      throw clientError('ThrottlingException', 'Rate exceeded');
    }
    switch (operation) {
      case 'SendCommand':
        return sendCommand(account, validate(sendCommandRequest, input));
      case 'ListCommands': {
        const { CommandId = '' } = validate(listCommandsRequest, input);
        return { Commands: [countsOf(found(account, CommandId), world.now)] };
      }
      case 'ListCommandInvocations':
        return listInvocations(account, validate(listCommandInvocationsRequest, input));
      case 'GetCommandInvocation': {
        const { CommandId, InstanceId } = validate(getCommandInvocationRequest, input);
        return fetchInvocation(account, CommandId, InstanceId);
      }
      case 'DescribeInstanceInformation':
        return describeInstances(world, validate(describeInstanceInformationRequest, input));
      default:
        throw clientError('UnknownOperationException', `No operation ${operation}.`);
    }
  };
}

interface Account {
  readonly world: World;
  readonly commands: Map<string, SentCommand>;
  readonly knowsMasters: boolean;
}

function sendCommand(account: Account, request: SendCommandRequest): object {
  const { world, commands } = account;
  const { Action: [action = ''] = [], Wanted: [wanted = ''] = [] } = request.Parameters ?? {};
  const number = commands.size.toString(16).padStart(12, '0');
  const command: SentCommand = {
    id: `c0000000-0000-4000-8000-${number}`,
    action,
    wanted,
    sentAt: world.now,
    onHosts: new Map(
      targetsOf(world, request).map((host) => [
        host.instanceId,
        { host, status: 'Pending', endedAt: undefined, output: '' },
      ]),
    ),
  };
  commands.set(command.id, command);
  for (const onHost of command.onHosts.values()) {
    const reaches = between([150, 1400], 'reach', command.id, onHost.host.instanceId);
    world.agenda.at(world.now + reaches, () => {
      reach(account, command, onHost);
    });
  }
  return { Command: { CommandId: command.id } };
}

function targetsOf(world: World, { Targets = [] }: SendCommandRequest): readonly Host[] {
  const registered = world.hosts.filter((host) => host.registered);
  const named = Targets.flatMap(({ Key, Values }) => (Key === 'InstanceIds' ? Values : []));
  if (named.length === 0) return registered;
  const known = registered.filter(({ instanceId }) => named.includes(instanceId));
  const ids = new Set(known.map(({ instanceId }) => instanceId));
  const strange = named.filter((instanceId) => !ids.has(instanceId));
  if (strange.length > 0) {
    const message = `Instances [[${strange.join(', ')}]] not in a valid state for account`;
    throw clientError('InvalidInstanceId', message);
  }
  return known;
}

/** A quiet host is tried again until the time for delivery is over, 30 s and then the script's own. */
function reach(account: Account, command: SentCommand, onHost: CommandOnHost): void {
  const { world } = account;
  const { host } = onHost;
  const waited = (world.now - command.sentAt) / 1000;
  if (host.quietSince !== undefined) {
    if (waited > 30 + EXECUTION_SECONDS) end(world, onHost, 'DeliveryTimedOut');
    else world.after(3, () => reach(account, command, onHost));
    return;
  }
  if (waited > 30)
    return world.after(EXECUTION_SECONDS, () => end(world, onHost, 'DeliveryTimedOut'));
  onHost.status = 'InProgress';
  const { boots, trouble } = host;
  const output = spoilt(outputOf(account, command, host), host);
  const takes = between([60, 450], 'takes', command.id, host.instanceId) / 1000;
  world.after(takes + (trouble?.kind === 'slow' ? trouble.seconds : 0), () => {
    // A command that the host was running when it went down has no answer.
    if (host.boots !== boots || host.quietSince !== undefined) {
      world.after(EXECUTION_SECONDS, () => end(world, onHost, 'ExecutionTimedOut'));
      return;
    }
    onHost.output = output;
    end(world, onHost, 'Success');
  });
}

function end(world: World, onHost: CommandOnHost, status: InvocationStatus): void {
  onHost.status = status;
  onHost.endedAt = world.now;
}

function outputOf({ world, knowsMasters }: Account, command: SentCommand, host: Host): string {
  const hasKubeconfig = knowsMasters && host.master;
  const moment = world.now - world.lagOf(host.name);
  const nodes = [...world.api.asOf(moment).values()];
  const listed = { nodes, version: world.api.versionAsOf(moment) };
  const speaker = { host, hosts: world.hosts, now: world.now, hasKubeconfig, listed };
  return answerOf(speaker, command);
}

function spoilt(output: string, { trouble }: Host): string {
  switch (trouble?.kind) {
    case 'cut':
      return output.slice(0, output.length / 2);
    case 'empty':
      return '';
    case 'offline':
    case 'slow':
    case undefined:
      return output;
  }
}

function found({ commands }: Account, commandId: string): SentCommand {
  const command = commands.get(commandId);
  if (command === undefined) throw clientError('InvalidCommandId', 'Invalid command id.');
  return command;
}

function statusAt({ status, endedAt }: CommandOnHost, moment: number): InvocationStatus {
  return endedAt !== undefined && endedAt > moment ? 'InProgress' : status;
}

function countsOf({ id, sentAt, onHosts }: SentCommand, now: number): object {
  const until = now - INVISIBLE_MS;
  const statuses = [...onHosts.values()].map((one) => statusAt(one, until));
  const isKnown = sentAt <= until;
  const pending = { Status: 'Pending', StatusDetails: 'Pending' };
  return {
    CommandId: id,
    ...(isKnown ? commandStatus(statuses, statuses.length, 'joined') : pending),
    TargetCount: isKnown ? statuses.length : 0,
    CompletedCount: isKnown ? statuses.filter(isFinal).length : 0,
  };
}

function listInvocations(account: Account, request: ListCommandInvocationsRequest): object {
  const { world } = account;
  const command = found(account, request.CommandId ?? '');
  const isVisible = world.now - command.sentAt >= INVISIBLE_MS;
  const all = isVisible ? [...command.onHosts.values()] : [];
  const page = pageOf(all, request.MaxResults ?? 50, request.NextToken);
  return {
    CommandInvocations: page.items.map(({ host, status, output }) => ({
      CommandId: command.id,
      InstanceId: host.instanceId,
      ...invocationStatus(status, 'joined'),
      CommandPlugins: [
        { Name: 'probe', ...invocationStatus(status, 'joined'), Output: listedText(output) },
      ],
    })),
    ...page.next,
  };
}

function listedText(output: string): string {
  if (output.length <= LISTED_CHARACTERS) return output;
  return `${output.slice(0, LISTED_CHARACTERS - CUT_MARK.length)}${CUT_MARK}`;
}

function fetchInvocation(account: Account, commandId: string, instanceId: string): object {
  const command = found(account, commandId);
  const onHost = command.onHosts.get(instanceId);
  if (onHost === undefined || account.world.now - command.sentAt < INVISIBLE_MS) {
    throw clientError('InvocationDoesNotExist', '');
  }
  return {
    CommandId: commandId,
    InstanceId: instanceId,
    ...invocationStatus(onHost.status, 'joined'),
    StandardOutputContent: onHost.output.slice(0, FETCHED_CHARACTERS),
    StandardErrorContent: '',
  };
}

function describeInstances(
  { hosts, now }: World,
  request: DescribeInstanceInformationRequest,
): object {
  const named = (request.Filters ?? []).flatMap(({ Key, Values }) =>
    Key === 'InstanceIds' ? Values : [],
  );
  const listed = hosts.filter(
    (host) => host.registered && (named.length === 0 || named.includes(host.instanceId)),
  );
  const page = pageOf(listed, request.MaxResults ?? 10, request.NextToken);
  return {
    InstanceInformationList: page.items.map(({ instanceId, name, quietSince }) => ({
      InstanceId: instanceId,
      ComputerName: name,
      PingStatus: now - (quietSince ?? now) > HEARTBEAT_MS ? 'ConnectionLost' : 'Online',
      LastPingDateTime: (quietSince ?? now) / 1000,
    })),
    ...page.next,
  };
}

/** The token of a page is where the next one begins. */
function pageOf<T>(
  items: readonly T[],
  size: number,
  token: string | undefined,
): { readonly items: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const from = Number(token ?? 0);
  const next = from + size < items.length ? { NextToken: String(from + size) } : {};
  return { items: items.slice(from, from + size), next };
}
