import type { Table } from '../shared/contract/causes.ts';
import { type Dice, diceOf } from './chance.ts';
import {
  type Damage,
  type Fault,
  firstNames,
  type Happening,
  type Story,
  type StoryEvent,
} from './story.ts';
import type { AgentTrouble } from './world/host.ts';

/** How many ticks a story has. */
export const TICKS = 45;

/** A story that its name decides. `nodes`: how many the cluster begins with; drawn where it is undefined. */
export function storyOf(name: string, nodes: number | undefined): Story {
  const dice = diceOf(name);
  const size = nodes ?? sizeOf(dice);
  const cluster = { nodes: size, masters: size >= 5 ? 3 : 1 };
  const plot = new Plot(dice, firstNames(cluster));
  const hasFaults = dice.happens(0.8);
  const hasChurn = dice.happens(0.85);
  if (hasChurn) churn(plot, dice.number(2, 9));
  if (hasFaults) faults(plot, dice.number(1, 3));
  stateOf(plot, diceOf(`${name} state`));
  surroundingsOf(plot, diceOf(`${name} surroundings`));
  packetsOf(plot, diceOf(`${name} packets`));
  objectOf(plot, diceOf(`${name} object`));
  return {
    name,
    ...cluster,
    keepsMac: dice.happens(0.7),
    ticks: TICKS,
    events: plot.events.toSorted((one, other) => one.at - other.at),
  };
}

function sizeOf(dice: Dice): number {
  const kind = dice.number(1, 100);
  if (kind <= 6) return dice.number(3, 5);
  return kind <= 97 ? dice.number(8, 20) : dice.number(40, 60);
}

const STORY_SECONDS = TICKS * 60;

/** A story while it is drawn: who is there, and which addresses are free. */
class Plot {
  readonly dice: Dice;
  readonly events: StoryEvent[] = [];
  /** Nodes that nothing has been planned to take away. */
  names: readonly string[];
  #next: number;

  constructor(dice: Dice, names: readonly string[]) {
    this.dice = dice;
    this.names = names;
    this.#next = names.length;
  }

  add(at: number, happening: Happening): void {
    this.events.push({ at, ...happening });
  }

  /** A moment that leaves the story some time. */
  moment(): number {
    return this.dice.number(90, STORY_SECONDS - 420);
  }

  someone(): string {
    return this.dice.pick(this.names);
  }

  /** No master, and nobody who is to leave already. */
  worker(): string | undefined {
    const workers = this.names.filter((name) => name.startsWith('node'));
    return workers.length < 3 ? undefined : this.dice.pick(workers);
  }

  next(): number {
    this.#next += 1;
    return this.#next - 1;
  }

  without(name: string): void {
    this.names = this.names.filter((one) => one !== name);
  }
}

const CHURN: readonly (readonly [weight: number, add: (plot: Plot) => void])[] = [
  [4, (plot) => join(plot, plot.moment(), {})],
  [4, (plot) => leave(plot, plot.moment())],
  [2, scaleIn],
  [3, replaceName],
  [3, replaceAddress],
  [6, reboot],
  [
    2,
    (plot) =>
      plot.add(plot.moment(), {
        kind: 'restart-flanneld',
        node: plot.someone(),
        downFor: plot.dice.number(2, 40),
      }),
  ],
  [2, rollCni],
  [6, agentTrouble],
  [2, throttle],
  [
    4,
    (plot) =>
      plot.add(plot.moment(), {
        kind: 'list-fails',
        lasts: plot.dice.number(5, plot.dice.pick([30, 120, 600, 1800])),
      }),
  ],
  [3, staleMaster],
  [2, loseMaster],
  [4, tickTrouble],
];

function churn(plot: Plot, count: number): void {
  const bag = CHURN.flatMap(([weight, add]) => Array.from({ length: weight }, () => add));
  for (let number = 0; number < count; number++) plot.dice.pick(bag)(plot);
}

interface Newcomer {
  readonly node?: string;
  readonly address?: number;
  readonly cidr?: number;
}

function join(plot: Plot, at: number, { node, address, cidr }: Newcomer): void {
  const { dice } = plot;
  const number = plot.next();
  plot.add(at, {
    kind: 'join',
    node: node ?? `node${number + 1}`,
    address: address ?? number,
    cidr: cidr ?? number,
    objectAfter: dice.number(10, 60),
    flanneldAfter: dice.number(5, dice.pick([30, 90, 300])),
  });
}

/**
 * The node object goes first, or the host does; a host may stay up for long after its object. Returns
 * how long after the event the object goes.
 */
function leave(plot: Plot, at: number, name = plot.worker()): number {
  if (name === undefined) return 0;
  const { dice } = plot;
  plot.without(name);
  const objectFirst = dice.happens(0.6);
  const objectGoneAfter = objectFirst ? 0 : dice.number(20, 300);
  plot.add(at, {
    kind: 'leave',
    node: name,
    objectGoneAfter,
    hostOffAfter: objectFirst ? dice.number(5, dice.pick([60, 300, 1500])) : 0,
    deregisteredAfter: dice.pick([0, 60, 600, 7200]),
  });
  return objectGoneAfter;
}

function scaleIn(plot: Plot): void {
  const at = plot.moment();
  const count = plot.dice.number(2, Math.max(2, Math.floor(plot.names.length / 3)));
  for (let number = 0; number < count; number++) leave(plot, at + plot.dice.number(0, 90));
}

function replaceName(plot: Plot): void {
  const name = plot.worker();
  if (name === undefined) return;
  const at = plot.moment();
  leave(plot, at, name);
  join(plot, at + plot.dice.number(30, 400), { node: name });
}

function replaceAddress(plot: Plot): void {
  const place = plot.names.findIndex((name) => name.startsWith('node'));
  const name = plot.names[place];
  if (name === undefined || plot.names.length < 5) return;
  const at = plot.moment();
  const address = Number(name.replace('node', '')) + (name.length > 0 ? 2 : 0);
  const objectGoneAfter = leave(plot, at, name);
  const reusesCidr = plot.dice.happens(0.4);
  // Kubernetes gives no node a pod CIDR that another node object still has.
  const after = Math.max(plot.dice.number(60, 500), reusesCidr ? objectGoneAfter : 0);
  join(plot, at + after, { address, ...(reusesCidr ? { cidr: address } : {}) });
}

function reboot(plot: Plot): void {
  const { dice } = plot;
  plot.add(plot.moment(), {
    kind: 'reboot',
    node: plot.someone(),
    downFor: dice.number(20, 120),
    flanneldAfter: dice.number(0, 300),
  });
}

function rollCni(plot: Plot): void {
  const { dice } = plot;
  plot.add(dice.number(90, STORY_SECONDS / 2), {
    kind: 'roll-cni',
    gap: dice.number(5, 60),
    downFor: dice.number(2, 20),
    newDevices: dice.happens(0.3),
  });
}

function agentTrouble(plot: Plot): void {
  const { dice } = plot;
  const trouble = dice.pick<AgentTrouble>([
    { kind: 'offline' },
    { kind: 'offline' },
    { kind: 'slow', seconds: dice.number(3, 50) },
    { kind: 'slow', seconds: dice.number(3, 50) },
    { kind: 'cut' },
    { kind: 'empty' },
  ]);
  plot.add(plot.moment(), {
    kind: 'agent',
    node: plot.someone(),
    trouble,
    lasts: dice.number(10, dice.pick([90, 400, 1500])),
  });
}

function throttle(plot: Plot): void {
  const { dice } = plot;
  const share = dice.number(10, 90) / 100;
  plot.add(plot.moment(), { kind: 'throttle', share, lasts: dice.number(20, 400) });
}

function masterOf(plot: Plot): string {
  return plot.dice.pick(plot.names.filter((name) => name.startsWith('master')));
}

function staleMaster(plot: Plot): void {
  const { dice } = plot;
  plot.add(plot.moment(), {
    kind: 'stale-master',
    node: masterOf(plot),
    lag: dice.number(2, 90),
    lasts: dice.number(60, 900),
  });
}

function loseMaster(plot: Plot): void {
  const { dice } = plot;
  plot.add(plot.moment(), {
    kind: 'reboot',
    node: masterOf(plot),
    downFor: dice.number(300, 1500),
    flanneldAfter: dice.number(0, 120),
  });
}

function tickTrouble(plot: Plot): void {
  const how = plot.dice.pick(['late', 'doubled', 'future', 'missing'] as const);
  const most = { late: 50, doubled: 40, future: 85, missing: 0 }[how];
  plot.add(plot.moment(), { kind: 'tick', how, seconds: plot.dice.number(0, most) });
}

const TABLE_SETS = [
  ['neighbour'],
  ['neighbour'],
  ['fdb'],
  ['route'],
  ['neighbour', 'fdb'],
  ['fdb', 'route'],
  ['neighbour', 'fdb', 'route'],
] as const satisfies readonly (readonly Table[])[];

const DAMAGES: readonly (readonly [weight: number, draw: (plot: Plot) => Damage])[] = [
  [8, (plot) => lost(plot, 1)],
  [3, (plot) => lost(plot, several(plot))],
  [2, (plot) => onSubject(plot, 'not-permanent')],
  [4, (plot) => onSubject(plot, 'old-mac')],
  [4, (plot) => ({ kind: 'drift', subject: plot.someone() })],
  [4, (plot) => onSubject(plot, 'old-address')],
  [4, (plot) => flush(plot, 1)],
  [1, (plot) => flush(plot, many(plot))],
  [3, (plot) => ({ kind: 'device-gone', observers: [plot.someone()] })],
  [2, partition],
];

/** Three nodes or more with one cause are one fault, and two are two. */
function several({ dice, names }: Plot): number {
  return dice.number(3, Math.max(3, Math.floor(names.length / 5)));
}

function many({ dice, names }: Plot): number {
  return Math.max(3, Math.floor((names.length * dice.number(30, 100)) / 100));
}

function lost(plot: Plot, count: number): Damage {
  const subjects = plot.dice.some(plot.names, count);
  const tables = plot.dice.pick(TABLE_SETS);
  return {
    kind: 'entries-lost',
    tables,
    subjects,
    observers: count === 1 ? observers(plot, subjects) : 'others',
  };
}

function observers(plot: Plot, subjects: readonly string[]): readonly string[] | 'others' {
  if (plot.dice.happens(0.6)) return 'others';
  const peers = plot.names.filter((name) => !subjects.includes(name));
  return plot.dice.some(peers, plot.dice.number(1, Math.max(1, peers.length - 1)));
}

function onSubject(plot: Plot, kind: 'not-permanent' | 'old-mac' | 'old-address'): Damage {
  const subject = plot.someone();
  return { kind, subject, observers: observers(plot, [subject]) };
}

function flush(plot: Plot, count: number): Damage {
  const tables = plot.dice.pick([
    ['neighbour'],
    ['neighbour', 'route'],
    ['neighbour', 'fdb', 'route'],
  ] as const);
  return { kind: 'flush', observers: plot.dice.some(plot.names, count), tables };
}

function partition(plot: Plot): Damage {
  const most = Math.max(2, Math.floor(plot.names.length / 2));
  return { kind: 'partition', side: plot.dice.some(plot.names, plot.dice.number(2, most)) };
}

function faults(plot: Plot, count: number): void {
  const { dice } = plot;
  const bag = DAMAGES.flatMap(([weight, draw]) => Array.from({ length: weight }, () => draw));
  for (let number = 1; number <= count; number++) {
    const at = dice.number(90, STORY_SECONDS - 600);
    const fault = faultOf(dice, `fault${number}`, dice.pick(bag)(plot));
    plot.add(at, fault);
    perhapsAgain(plot, dice, { ...fault, at });
  }
}

/** What was repaired comes back. */
function perhapsAgain(
  plot: Plot,
  dice: Dice,
  { at, ...fault }: Fault & { readonly at: number },
): void {
  const { repairedAfter, repairLasts } = fault;
  if (repairedAfter === undefined || !dice.happens(0.25)) return;
  const again = at + repairedAfter + repairLasts + dice.number(60, 900);
  plot.add(again, { ...fault, fault: `${fault.fault}-again` });
}

/** What is wrong with one node itself, beside whatever else happens: drawn apart, so that it shifts nothing. */
function stateOf(plot: Plot, dice: Dice): void {
  if (!dice.happens(0.2)) return;
  const subject = dice.pick(plot.names);
  const damage = dice.pick<Damage>([
    { kind: 'mtu', subject, mtu: 1400 },
    { kind: 'port', subject, port: 4789 },
    { kind: 'address', subject, address: '10.43.255.0' },
    { kind: 'device-down', observers: [subject] },
    { kind: 'device-down', observers: [subject] },
    { kind: 'blackhole', subject, observer: dice.pick(plot.names) },
  ]);
  plot.add(dice.number(90, STORY_SECONDS - 600), faultOf(dice, 'state', damage));
}

/** What is beside the overlay of one node and in its way, drawn apart as well. */
function surroundingsOf(plot: Plot, dice: Dice): void {
  if (!dice.happens(0.2)) return;
  const [subject = '', peer = ''] = dice.some(plot.names, 2);
  const damage = dice.pick<Damage>([
    { kind: 'overlap', subject, peer },
    { kind: 'overlap', subject, peer },
    { kind: 'bridge', subject, address: '10.99.4.1/24' },
  ]);
  plot.add(dice.number(90, STORY_SECONDS - 600), faultOf(dice, 'surroundings', damage));
}

/** Packets are lost while all tables are right, drawn apart as well. */
function packetsOf(plot: Plot, dice: Dice): void {
  if (!dice.happens(0.3)) return;
  const one = dice.some(plot.names, 1);
  const few = plot.names.length < 8 ? one : dice.some(plot.names, dice.number(2, 3));
  const direction = dice.pick(['in', 'out'] as const);
  const damage = dice.pick<Damage>([
    { kind: 'packets-lost', nodes: one, which: 'all', direction: 'both' },
    { kind: 'packets-lost', nodes: one, which: 'all', direction },
    { kind: 'packets-lost', nodes: one, which: 'large', direction },
    { kind: 'packets-lost', nodes: one, which: 'connections', direction: 'out' },
    { kind: 'packets-lost', nodes: few, which: 'all', direction: 'both' },
    { kind: 'packets-lost', nodes: few, which: 'all', direction },
    // A rule that somebody rolls out drops the port of VXLAN on all nodes.
    { kind: 'packets-lost', nodes: 'all', which: 'all', direction: 'both' },
  ]);
  const at = dice.number(300, STORY_SECONDS - 600);
  const fault = faultOf(dice, 'packets', damage);
  plot.add(at, fault);
  perhapsAgain(plot, dice, { ...fault, at });
}

/** A node's object is made again, drawn apart as well. */
function objectOf(plot: Plot, dice: Dice): void {
  if (!dice.happens(0.1)) return;
  const damage = { kind: 'unannounced', subject: dice.pick(plot.names) } as const;
  plot.add(dice.number(90, STORY_SECONDS - 600), faultOf(dice, 'object', damage));
}

function faultOf(dice: Dice, fault: string, damage: Damage): Fault {
  const isRepaired = dice.happens(0.85);
  return {
    kind: 'fault',
    fault,
    damage,
    repairedAfter: isRepaired ? dice.number(120, 1200) : undefined,
    repairLasts: dice.happens(0.5) ? 0 : dice.number(5, 240),
  };
}
