import type { Fix, ReportedIncident } from '../../contract/report.ts';
import { isKind } from '../diagnose/causes.ts';
import { AGENT_NAMES } from '../overlay/profile.ts';
import { enumerate, printable, shorten } from '../plain-text.ts';
import type { Chunk } from './fitted.ts';
import { agentOf } from './wording.ts';

/** How many hosts a heading names. */
const FIX_NAMES = 8;

/** How much of each name a heading has, where it names several. */
const NAME_LENGTH = 60;

function namesOf(hosts: readonly string[]): string {
  return enumerate(
    hosts.map((host) =>
      hosts.length > 2 ? printable(shorten(host, NAME_LENGTH)) : printable(host),
    ),
    FIX_NAMES,
  );
}

/** A block beyond this length stands once, within the line for all hosts. */
const BLOCK_LENGTH = 500;

/** The first step stays in whatever a page must leave out. */
const RANKS = [0, 4, 5] as const;
const LAST_RANK = 6;

/** The steps of a fix, each a heading with its commands below. */
export function fixChunks(incident: ReportedIncident): readonly Chunk[] {
  const { fix, cause } = incident;
  if (fix.length === 0) {
    return [
      {
        rank: 0,
        lines: [
          'No command: it is not known who is wrong, and a command could break what is right.',
          'The lines under Why help to find out; the runbook has the rest.',
        ],
      },
    ];
  }
  const healing =
    agentOf(incident) === 'calico' && !isKind(cause, 'node')
      ? [
          {
            rank: 3,
            lines: [
              'Calico (Felix, in the calico-node pod of each node) sets this right within 90 s by itself. Here it has not.',
            ],
          },
        ]
      : [];
  const steps = fix.map((step, at) => stepLines(step, fix.length > 1 ? `${at + 1}. ` : ''));
  // Who deletes a device needs the step that brings it back: they stand or go together.
  const device = fix.findIndex(({ kind }) => kind === 'device');
  const alone = device === -1 ? steps : steps.slice(0, device);
  return [
    ...healing,
    ...alone.map((lines, at) => ({ rank: RANKS[at] ?? LAST_RANK, whole: true as const, lines })),
    ...(device === -1
      ? []
      : [
          {
            rank: RANKS[device] ?? LAST_RANK,
            whole: true as const,
            lines: steps.slice(device).flat(),
          },
        ]),
  ];
}

function stepLines(step: Fix, number: string): readonly string[] {
  const { remotely = [], commands, check } = step;
  const block = commands.map(printable);
  const isLong = remotely.length > 0 && block.join('').length > BLOCK_LENGTH;
  const indent = ' '.repeat(number.length);
  return [
    `${number}${headingOf(step)}`,
    ...(isLong ? [] : block.map((line) => `${indent}  ${line}`)),
    ...(remotely.length === 0
      ? []
      : [
          `${indent}${isLong ? 'From' : 'Or from'} a machine with ${accessFor(remotely)}, on all of them:`,
          ...remotely.map((line) => `${indent}  ${printable(line)}`),
        ]),
    ...(check === undefined
      ? []
      : [
          `${indent}Check: on ${printable(check.host)}, ${printable(check.command)} shows: ${printable(check.shows)}`,
        ]),
  ];
}

function isAws(line: string): boolean {
  return /^(?:npx .* xargs .*)?aws ssm /.test(line);
}

/** What a person needs for lines that run a block on many hosts. */
function accessFor(lines: readonly string[]): string {
  const words = [
    ...(lines.some(isAws) ? ['AWS credentials'] : []),
    ...(lines.every(isAws) ? [] : ['ssh']),
  ];
  return `${words.join(' and ')}${placeOf(lines)}`;
}

/** Where lines that call vtepwatch itself work. */
function placeOf(lines: readonly string[]): string {
  return lines.some((line) => line.includes('vtepwatch show'))
    ? ", in the directory of vtepwatch's checkout"
    : '';
}

/** `Only if that fails: restart flannel on node2, with kubectl. Interrupts nothing:` */
function headingOf(step: Fix): string {
  const { condition, interrupts, kind } = step;
  if (kind === 'look') {
    const where = whereOf(step);
    return `${printable(condition ?? '')} ${where.slice(0, 1).toUpperCase()}${where.slice(1)}:`.trim();
  }
  const what = `${ACTS[kind](step)}, ${whereOf(step)}.`;
  const begun =
    condition === undefined
      ? what
      : `${printable(condition)} ${what.slice(0, 1).toLowerCase()}${what.slice(1)}`;
  return `${begun} Interrupts ${printable(interrupts ?? 'nothing')}.`;
}

const ACTS: Readonly<Record<Exclude<Fix['kind'], 'look'>, (step: Fix) => string>> = {
  up: () => 'Set up the VXLAN device and its address',
  entries: () => 'Set the right entries',
  restart: ({ agent = 'flannel', hosts, commands }) => {
    const isRollout = commands.some((command) => command.includes(' rollout restart '));
    const where = isRollout ? 'all nodes' : namesOf(hosts);
    return `Restart ${AGENT_NAMES[agent]} on ${where}`;
  },
  device: () => 'Delete the VXLAN device',
  removal: () => 'Remove what is in the way',
  mac: () => 'Give the VXLAN device a MAC address of its own',
  pace: () => `Let a tenth of the pods restart at once`,
  offload: () => 'Let the kernel sum up checksums instead of the network card',
};

function whereOf({ runs, hosts, kind, kubectlOn, commands }: Fix): string {
  if (runs === 'on-hosts') {
    const names = kind === 'restart' ? 'there' : `on ${namesOf(hosts)}`;
    return `as root ${names}`;
  }
  if (kubectlOn !== undefined) {
    return `with kubectl on ${printable(kubectlOn)} (other masters answer slowly or not at all)${placeOf(commands)}`;
  }
  return kind === 'look' && hosts.length > 1
    ? `with kubectl on ${namesOf(hosts)}`
    : `with kubectl${placeOf(commands)}`;
}
