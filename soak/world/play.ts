import { between } from '../chance.ts';
import { type Fault, firstNames, type Story, type StoryEvent } from '../story.ts';
import { type Cell, hostsToRepair, inflict, outlivesBoot, repairOn } from './damage.ts';
import { befall, type Host, recover, shutDown, stopFlanneld } from './host.ts';
import { World } from './world.ts';

/** How old the cluster is when its story begins, seconds. */
const AGE_SECONDS = 864_000;

/** Damage that a story did to the world. */
interface InflictedFault {
  readonly event: Fault;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly cells: readonly Cell[];
}

/** A world in which a story will happen as its agenda moves on. */
export interface PlayedWorld {
  readonly world: World;
  /** Every fault so far, in order. */
  readonly faults: readonly InflictedFault[];
}

/** `start`: when the story begins, epoch milliseconds. */
export function playedWorld(story: Story, start: number): PlayedWorld {
  const world = new World(start - AGE_SECONDS * 1000, story);
  const faults: InflictedFault[] = [];
  found(world, story);
  for (const event of story.events) {
    world.agenda.at(start + event.at * 1000, () => {
      happen({ world, faults }, event);
    });
  }
  world.agenda.advanceTo(start);
  return { world, faults };
}

function found(world: World, story: Story): void {
  for (const [number, name] of firstNames(story).entries()) {
    const host = world.addHost(name, number);
    world.bootHost(host);
    world.register(host, number);
    world.startFlanneld(host, { newDevice: false });
  }
}

interface Stage {
  readonly world: World;
  readonly faults: InflictedFault[];
}

function happen(stage: Stage, event: StoryEvent): void {
  const { world } = stage;
  switch (event.kind) {
    case 'join':
      return join(world, event);
    case 'leave':
      return leave(world, event);
    case 'reboot':
      return onMember(world, event.node, (host) => reboot(world, host, event));
    case 'restart-flanneld':
      return onMember(world, event.node, (host) =>
        restart(world, host, { ...event, newDevice: false }),
      );
    case 'roll-cni':
      return roll(world, event);
    case 'agent':
      return onMember(world, event.node, (host) => {
        befall(host, event.trouble, world.now);
        world.after(event.lasts, () => {
          recover(host);
        });
      });
    case 'throttle':
      world.troubles.throttled = {
        share: event.share,
        until: world.now + event.lasts * 1000,
      };
      return undefined;
    case 'list-fails':
      world.troubles.listFailsUntil = world.now + event.lasts * 1000;
      return undefined;
    case 'stale-master': {
      const until = world.now + event.lasts * 1000;
      world.troubles.stale.set(event.node, { lagMs: event.lag * 1000, until });
      return undefined;
    }
    case 'fault':
      return strike(stage, event);
    case 'tick':
      return undefined;
  }
}

function onMember(world: World, name: string, act: (host: Host) => void): void {
  const host = world.member(name);
  if (host !== undefined) act(host);
}

type EventOf<Kind extends StoryEvent['kind']> = Extract<StoryEvent, { kind: Kind }>;

function join(world: World, event: EventOf<'join'>): void {
  const host = world.addHost(event.node, event.address);
  world.bootHost(host);
  world.after(event.objectAfter, () => {
    world.withApi(() => {
      // A name that is still another's is not taken: its kubelet is refused.
      if (!world.api.now().has(event.node)) world.register(host, event.cidr);
    });
  });
  world.after(event.objectAfter + event.flanneldAfter, () => {
    world.startFlanneld(host, { newDevice: false });
  });
}

function leave(world: World, event: EventOf<'leave'>): void {
  const host = world.member(event.node);
  if (host === undefined) return;
  world.after(event.objectGoneAfter, () => {
    world.withApi(() => {
      const node = world.api.now().get(event.node);
      if (node?.instanceId === host.instanceId) world.deleteNode(event.node);
    });
  });
  world.after(event.hostOffAfter, () => {
    shutDown(host, world.now);
  });
  world.after(event.hostOffAfter + event.deregisteredAfter, () => {
    host.registered = false;
  });
}

function reboot(world: World, host: Host, event: EventOf<'reboot'>): void {
  shutDown(host, world.now);
  world.after(event.downFor, () => {
    world.bootHost(host);
    const { boots } = host;
    world.after(event.flanneldAfter, () => {
      if (host.boots === boots) world.startFlanneld(host, { newDevice: false });
    });
  });
}

function restart(
  world: World,
  host: Host,
  { downFor, newDevice }: { readonly downFor: number; readonly newDevice: boolean },
): void {
  stopFlanneld(host);
  const { boots } = host;
  world.after(downFor, () => {
    if (host.boots === boots) world.startFlanneld(host, { newDevice });
  });
}

function roll(world: World, { gap, downFor, newDevices }: EventOf<'roll-cni'>): void {
  for (const [place, host] of world.members().entries()) {
    world.after(place * gap, () => {
      if (world.isMember(host)) restart(world, host, { downFor, newDevice: newDevices });
    });
  }
}

function strike({ world, faults }: Stage, event: EventOf<'fault'>): void {
  const cells = inflict(world, event.damage);
  if (cells.length > 0) faults.push({ event, at: world.now, cells });
  if (event.repairedAfter === undefined) return;
  for (const host of hostsToRepair(world, event.damage, cells)) {
    const spread = between([0, event.repairLasts], event.fault, host.instanceId);
    const { boots } = host;
    world.after(event.repairedAfter + spread, () => {
      if (host.boots === boots || outlivesBoot(event.damage)) {
        repairOn(world, event.damage, host);
      }
    });
  }
}
