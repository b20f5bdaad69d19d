import {
  type Address,
  hasCarrier,
  type Link,
  linkNamed,
  type Model,
  type Vxlan,
  withLinkLocal,
  withoutLinkLocal,
} from './kernel.ts';
import {
  askedFor,
  changed,
  deviceIn,
  kernelRefused,
  noDevice,
  notModelled,
  type Options,
  type Reply,
  shown,
  wordAfter,
} from './words.ts';

/** What iproute2 6.1 prints on Linux 6 after a VXLAN device's own words. */
const VXLAN_DETAILS =
  'ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx addrgenmode eui64 ' +
  'numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 ' +
  'tso_max_segs 65535 gro_max_size 65536 ';

const DEFAULT_MTU_BYTES = 1500;

export function showLinks(model: Model, words: readonly string[], options: Options): Reply {
  const asked = askedFor(words, ['dev', 'type']);
  if (asked === undefined) return notModelled(['link', ...words]);
  const name = asked.get('dev');
  if (name !== undefined && linkNamed(model, name) === undefined) {
    return { kind: 'refused', exit: 1, message: `Device "${name}" does not exist.` };
  }
  const type = asked.get('type');
  const links = model.links
    .filter((link) => (name ?? link.name) === link.name)
    .filter((link) => type === undefined || typeOf(link) === type);
  return shown(links.map((link) => linkText(link, options)));
}

export function addLink(model: Model, words: readonly string[]): Reply {
  const name = wordAfter(words, 'name') ?? words[0];
  const kind = wordAfter(words, 'type');
  if (name === undefined || (kind !== 'vxlan' && kind !== 'bridge')) return notModelled(words);
  if (linkNamed(model, name) !== undefined) return kernelRefused('File exists');

  const vxlan = vxlanIn(words);
  if (kind === 'vxlan' && linkNamed(model, vxlan.dev) === undefined) return noDevice(vxlan.dev);
  const link: Link = {
    index: model.nextIndex,
    name,
    kind,
    up: false,
    mtu: Number(wordAfter(words, 'mtu') ?? DEFAULT_MTU_BYTES),
    mac: wordAfter(words, 'address') ?? '02:00:00:00:00:01',
    ...(kind === 'vxlan' ? { vxlan } : {}),
  };
  return changed({ ...model, nextIndex: model.nextIndex + 1, links: [...model.links, link] });
}

/** With a device goes all that stands on it. */
export function deleteLink(model: Model, words: readonly string[]): Reply {
  const name = deviceIn(words);
  if (linkNamed(model, name) === undefined) return noDevice(name);
  const others = ({ device }: { readonly device: string }): boolean => device !== name;
  return changed({
    ...model,
    links: model.links.filter((link) => link.name !== name),
    addresses: model.addresses.filter(others),
    neighbours: model.neighbours.filter(others),
    fdb: model.fdb.filter(others),
    routes: model.routes.filter(others),
  });
}

export function setLink(model: Model, words: readonly string[]): Reply {
  const link = linkNamed(model, deviceIn(words));
  if (link === undefined) return noDevice(deviceIn(words));
  const mac = wordAfter(words, 'address');
  if (mac !== undefined) return changed(withoutNeighbours(withLink(model, { ...link, mac }), link));
  const mtu = wordAfter(words, 'mtu');
  if (mtu !== undefined) return changed(withLink(model, { ...link, mtu: Number(mtu) }));
  // What is up already keeps its address, whatever its MAC is now.
  if (words.includes('up')) {
    return changed(hasCarrier(link) ? model : raised(model, { ...link, up: true }));
  }
  if (words.includes('down')) return changed(lowered(model, { ...link, up: false }));
  return notModelled(words);
}

function withLink(model: Model, link: Link): Model {
  return { ...model, links: model.links.map((held) => (held.name === link.name ? link : held)) };
}

function raised(model: Model, link: Link): Model {
  return withLinkLocal(withLink(model, link), link);
}

/** A device that is set down loses its routes and neighbours; the FDB stays. */
function lowered(model: Model, link: Link): Model {
  const routes = model.routes.filter(({ device }) => device !== link.name);
  const rest = withoutNeighbours({ ...model, routes }, link);
  return withoutLinkLocal(withLink(rest, link), link.name);
}

/** The kernel flushes permanent neighbours too when a device goes down or changes its MAC. */
function withoutNeighbours(model: Model, { name }: Link): Model {
  return { ...model, neighbours: model.neighbours.filter(({ device }) => device !== name) };
}

function vxlanIn(words: readonly string[]): Vxlan {
  return {
    id: wordAfter(words, 'id') ?? '',
    local: wordAfter(words, 'local') ?? '',
    dev: wordAfter(words, 'dev') ?? '',
    dstport: wordAfter(words, 'dstport') ?? '',
  };
}

function typeOf(link: Link): string {
  return link.kind === 'cable' ? 'veth' : link.kind;
}

function linkText(link: Link, options: Options): string {
  const loopback = link.kind === 'loopback';
  const broadcast = loopback ? '00:00:00:00:00:00' : 'ff:ff:ff:ff:ff:ff';
  const hardware = `    link/${loopback ? 'loopback' : 'ether'} ${link.mac} brd ${broadcast}`;
  const peer = link.kind === 'cable' ? ' link-netnsid 0' : '';
  const more = options.details ? ' promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 ' : '';
  const lines = [headText(link), `${hardware}${peer}${more}`];
  if (options.details && link.vxlan !== undefined) lines.push(vxlanText(link.vxlan));
  return lines.join(options.oneLine ? '\\' : '\n');
}

function headText(link: Link): string {
  const name = link.kind === 'cable' ? `${link.name}@if${link.index}` : link.name;
  const carrier = hasCarrier(link);
  const flags = [
    ...(link.up && !carrier ? ['NO-CARRIER'] : []),
    link.kind === 'loopback' ? 'LOOPBACK' : 'BROADCAST,MULTICAST',
    ...(link.up ? ['UP'] : []),
    ...(carrier ? ['LOWER_UP'] : []),
  ];
  // A device that is not told of its carrier is never UP, only UNKNOWN.
  const state = link.kind === 'cable' ? 'UP' : 'UNKNOWN';
  return `${link.index}: ${name}: <${flags.join(',')}> mtu ${link.mtu} qdisc noqueue state ${carrier ? state : 'DOWN'} mode DEFAULT group default qlen 1000`;
}

function vxlanText({ id, local, dev, dstport }: Vxlan): string {
  return `    vxlan id ${id} local ${local} dev ${dev} srcport 0 0 dstport ${dstport} nolearning ${VXLAN_DETAILS}`;
}

/** With the addresses that the kernel gives a device itself. */
export function showAddresses(model: Model, words: readonly string[], options: Options): Reply {
  const asked = askedFor(words, ['dev']);
  if (asked === undefined) return notModelled(['addr', ...words]);
  const name = asked.get('dev');
  if (name !== undefined && linkNamed(model, name) === undefined) {
    return { kind: 'refused', exit: 1, message: `Device "${name}" does not exist.` };
  }
  const links = model.links.filter((link) => (name ?? link.name) === link.name);
  if (!options.oneLine) return shown(links.flatMap((link) => addressLines(model, link)));
  return shown(
    links.flatMap((link) =>
      addressesOf(model, link).map((text) => `${link.index}: ${link.name}    ${text}\\${LIFETIME}`),
    ),
  );
}

const LIFETIME = '       valid_lft forever preferred_lft forever';

function addressLines(model: Model, link: Link): readonly string[] {
  const [head = '', hardware = ''] = linkText(link, PLAIN).split('\n');
  const addresses = addressesOf(model, link).flatMap((text) => [`    ${text}`, LIFETIME]);
  return [head.replace(' mode DEFAULT', ''), hardware, ...addresses];
}

const PLAIN: Options = { details: false, oneLine: false, ipv6: false };

export function replaceAddress(model: Model, words: readonly string[]): Reply {
  const device = wordAfter(words, 'dev') ?? '';
  const address = words[0];
  if (linkNamed(model, device) === undefined) return noDevice(device);
  if (address === undefined) return notModelled(words);
  const others = model.addresses.filter(
    (held) => held.device !== device || held.address !== address,
  );
  return changed({ ...model, addresses: [...others, { device, address }] });
}

export function deleteAddress(model: Model, words: readonly string[]): Reply {
  const device = wordAfter(words, 'dev') ?? '';
  const isIt = (held: Address): boolean => held.device === device && held.address === words[0];
  if (!model.addresses.some(isIt)) return kernelRefused('Cannot assign requested address');
  return changed({ ...model, addresses: model.addresses.filter((held) => !isIt(held)) });
}

function addressesOf(model: Model, { name, kind }: Link): readonly string[] {
  if (kind === 'loopback') return ['inet 127.0.0.1/8 scope host lo', 'inet6 ::1/128 scope host '];
  const own = model.addresses.filter(({ device }) => device === name);
  return [
    ...own.filter(isIpv4).map(({ address }) => `inet ${address} scope global ${name}`),
    ...own.filter((held) => !isIpv4(held)).map(({ address }) => `inet6 ${address} scope link `),
  ];
}

function isIpv4({ address }: Address): boolean {
  return !address.includes(':');
}
