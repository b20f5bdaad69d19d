import { addressOf, networkOf, type Cidr, parseCidr, parseIp } from '../overlay/addresses.ts';
import type { Device } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { listField, numberField, objectField, textField } from './json.ts';
import {
  entry,
  type LastLine,
  type Listing,
  looksLikeJson,
  macToken,
  skipped,
  parseLines,
  parseListing,
  type ParsedItem,
  notUnderstood,
  unreadable,
  valueAfter,
  type Words,
  wordSet,
  wordsOf,
} from './parsed.ts';

/**
 * Reads the overlay devices in `ip -d -o link`, with or without `-o`, `-d` and `-br`, text or JSON;
 * busybox prints less of them.
 */
export function parseLinks(where: string, text: string): Listing<Device> {
  if (looksLikeJson(text)) return parseListing({ where, text }, readItem);
  if (IFCONFIG.test(text)) {
    return unreadable(where, 'the output of ifconfig has no VXLAN settings: capture ip -d -o link');
  }
  const lines = oneLineEach(text);
  const mtus = mtusIn(lines);
  const read = (line: string): ParsedItem<Device> => readLine(line, mtus);
  return parseLines({ where, text: lines }, { read, isWhole: isWholeLink });
}

/** The MTU of every interface in a listing, each on a line of its own. */
function mtusIn(lines: string): ReadonlyMap<string, number> {
  const found = lines.matchAll(/^\d+: ([\w.-]{1,15})(?:@\S+)?: <\S*> mtu (\d{2,5}) /gm);
  return new Map([...found].map(([, name = '', mtu = '']) => [name, Number(mtu)]));
}

/** Devices of Cilium, WireGuard (flannel's and Calico's), Antrea, OVN and Weave. */
const OTHER_OVERLAY =
  /^(?:cilium_(?:vxlan|geneve|wg0)|flannel-wg(?:-v6)?|wg-v6\.cali|wireguard\.cali|antrea-gw0|genev_sys_\d{1,5}|vxlan_sys_\d{1,5}|weave)$/;

/** The devices of other overlays in a listing of links: vtepwatch does not watch these. */
export function otherOverlaysIn(text: string): readonly string[] {
  const names = [...text.matchAll(/^\d+: ([\w.-]{1,15})[@:]/gm)].map(([, name = '']) => name);
  return names.filter(isOtherOverlay);
}

export function isOtherOverlay(name: string): boolean {
  return OTHER_OVERLAY.test(name);
}

interface DeviceAddress {
  readonly device: string;
  readonly address: Cidr;
}

/**
 * Reads the addresses of overlay devices in `ip -o addr`, with or without `-o` and `-br`. Link-local ones
 * are skipped: they are not the overlay's.
 */
export function parseAddresses(where: string, text: string): Listing<DeviceAddress> {
  if (IFCONFIG.test(text)) {
    return unreadable(where, 'the output of ifconfig is not read here: capture ip -o addr');
  }
  const { value, ...listing } = parseLines(
    { where, text: oneLineEach(text) },
    {
      read: readAddresses,
      // Without its end, more lines may be missing: the address of the overlay's device is among the last ones.
      isWhole: ({ isEnded }) => isEnded,
    },
  );
  return { ...listing, value: value.flat() };
}

/**
 * Every address that a listing of `ip addr` names as one of an interface, whichever it is. That of a
 * peer is among them: what counts is which addresses no interface has.
 */
export function ownAddressesIn(text: string): ReadonlySet<string> {
  return new Set(addressesIn(text).flatMap((address) => addressOf(address) ?? []));
}

/** The networks of these addresses. */
export function subnetsIn(text: string): readonly Cidr[] {
  return [...new Set(addressesIn(text).flatMap((address) => networkOf(address) ?? []))];
}

function addressesIn(text: string): readonly Cidr[] {
  const words = oneLineEach(text).split(/\s+/);
  const named = words.filter(
    (word, at) => word.includes('/') || /^inet6?$/.test(words[at - 1] ?? ''),
  );
  return named.map(parseCidr).filter((address) => address !== undefined);
}

/** The devices, each with its addresses. */
export function withAddresses(
  devices: readonly Device[],
  addresses: readonly DeviceAddress[],
): readonly Device[] {
  return devices.map((device) => ({
    ...device,
    addresses: addresses.filter((one) => one.device === device.name).map((one) => one.address),
  }));
}

/** net-tools 1.60 and 2.x. */
const IFCONFIG = /^\S+:? +(?:flags=\d+<|Link encap:)/m;

/** Without `-o` the lines of a device follow its first one, further in. */
function oneLineEach(text: string): string {
  return text.replaceAll(/\r?\n[ \t]+(?=\S)/g, ' ');
}

/** A device as its line begins: `3: flannel.1: <BROADCAST,UP,…> …`, or `3: flannel.1    inet …`. */
function deviceOf(words: Words): string | undefined {
  const [index = '', name = ''] = words;
  return /^\d+:$/.test(index) ? name.replace(/:$/, '').replace(/@.*$/, '') : undefined;
}

/** `3: flannel.1: <BROADCAST,UP,…> mtu 1450 … link/ether 8a:… … vxlan id 1 local … dstport 8472 …` */
function readLine(line: string, mtus: ReadonlyMap<string, number>): ParsedItem<Device> {
  const words = wordsOf(line.replaceAll('\\', ' '));
  const device = deviceOf(words);
  if (device === undefined) return readBrief(words);
  const flags = words.flatMap((word, at) => (/^<.*>$/.test(word) ? at : []));
  // A VLAN has flags of its own further on. Those behind another name are of a line that was joined to this.
  const isJoined = flags.some((at) => at > 2 && words[at - 1]?.endsWith(':') === true);
  if (flags[0] !== 2 || isJoined) return notUnderstood('not a link');
  if (!isOverlayDevice(device)) return skipped;
  // Only words behind `vxlan` are the tunnel's; `id` and `local` mean other things before it.
  const at = words.indexOf('vxlan');
  const tunnel = at < 0 ? [] : words.slice(at + 1);
  const below = settledAfter(tunnel, 'dev') ?? '';
  const carried = mtus.get(below);
  return entry({
    name: device,
    index: wholeNumber(words[0]?.slice(0, -1)),
    up: isUp(words[2]),
    mac: macToken(valueAfter(words, 'link/ether')),
    mtu: wholeNumber(settledAfter(words, 'mtu')),
    underlay: carried === undefined ? undefined : { device: below, mtu: carried },
    vni: wholeNumber(settledAfter(tunnel, 'id')),
    port: wholeNumber(settledAfter(tunnel, 'dstport')),
    local: parseIp(settledAfter(tunnel, 'local') ?? ''),
    addresses: [],
  });
}

/** `flannel.1 UNKNOWN 8a:11:11:11:11:01 <BROADCAST,MULTICAST,UP,LOWER_UP>`, of `ip -br link`. */
function readBrief(words: Words): ParsedItem<Device> {
  const [name = '', , mac = '', flags = '', ...more] = words;
  if (!/^<.*>$/.test(flags) || more.length > 0) return notUnderstood('not a link');
  const device = name.replace(/@.*$/, '');
  if (!isOverlayDevice(device)) return skipped;
  return entry({ name: device, up: isUp(flags), mac: macToken(mac), addresses: [] });
}

/** What the last two words of a link can begin with: iproute2, ip/ipaddress.c, print_linkinfo. */
const LAST_KEYWORDS = wordSet(
  'brd peer link-netnsid link-netns alias altname permaddr qlen parentbus parentdev',
  'addrgenmode numtxqueues numrxqueues gso_max_size gso_max_segs tso_max_size tso_max_segs',
  'gro_max_size gso_ipv4_max_size gro_ipv4_max_size',
);

/** A link can end almost anywhere: where the text does not end its last line, nothing shows that it did. */
function isWholeLink({ words, isEnded }: LastLine): boolean {
  const isEnd = LAST_KEYWORDS.has(words.at(-2) ?? '') || /^<.*>$/.test(words.at(-1) ?? '');
  return isEnded && isEnd;
}

function isUp(flags = ''): boolean {
  return flags.slice(1, -1).split(',').includes('UP');
}

/** The word after a keyword, unless it is the last: the rest of it may have been cut. */
function settledAfter(words: Words, keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 || at + 2 >= words.length ? undefined : words[at + 1];
}

function readItem(item: object): ParsedItem<Device> {
  const name = textField(item, 'ifname');
  // iproute2 4.15 to 4.18 print an empty object for every link that the filter left out.
  if (name === undefined)
    return Object.keys(item).length === 0 ? skipped : notUnderstood('not a link');
  if (!isOverlayDevice(name)) return skipped;
  const tunnel = objectField(objectField(item, 'linkinfo') ?? {}, 'info_data') ?? {};
  return entry({
    name,
    index: numberField(item, 'ifindex'),
    up: listField(item, 'flags').includes('UP'),
    mac: macToken(textField(item, 'address')),
    mtu: numberField(item, 'mtu'),
    vni: numberField(tunnel, 'id'),
    port: numberField(tunnel, 'port'),
    local: parseIp(textField(tunnel, 'local') ?? textField(tunnel, 'local6') ?? ''),
    addresses: [],
  });
}

/** A whole number without sign, or undefined. */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The addresses in one line: with `-o` one, and without it all of a device. */
function readAddresses(line: string): ParsedItem<readonly DeviceAddress[]> {
  const words = wordsOf(line.replaceAll('\\', ' '));
  const device = deviceOf(words);
  if (device === undefined) return readBriefAddresses(words);
  const places = words.flatMap((word, at) => (/^inet6?$/.test(word) ? [at] : []));
  const isHeader = words[2]?.startsWith('<') === true;
  // A line of `-o` has one address. Another line was joined to what has two and no header.
  if (isHeader ? words.filter((word) => /^<.*>$/.test(word)).length !== 1 : places.length !== 1) {
    return notUnderstood('not an address');
  }
  const found = places.map((at) => ({ text: words[at + 1], isWhole: at + 2 < words.length }));
  return addressesOf(device, found);
}

/** `flannel.1 UNKNOWN 10.42.0.0/32 fe80::8811:11ff:fe11:1101/64`, of `ip -br addr`. */
function readBriefAddresses([name = '', state = '', ...texts]: Words): ParsedItem<
  readonly DeviceAddress[]
> {
  if (!/^[A-Z]+$/.test(state)) return notUnderstood('not an address');
  const found = texts
    .filter((text) => text.includes('/'))
    .map((text) => ({ text, isWhole: /\/\d+$/.test(text) }));
  return addressesOf(name.replace(/@.*$/, ''), found);
}

function addressesOf(
  device: string,
  found: readonly { readonly text: string | undefined; readonly isWhole: boolean }[],
): ParsedItem<readonly DeviceAddress[]> {
  const addresses = found.map(({ text, isWhole }) => (isWhole ? parseCidr(text ?? '') : undefined));
  if (addresses.includes(undefined)) return notUnderstood('not an address');
  if (!isOverlayDevice(device)) return skipped;
  return entry(
    addresses
      .filter((address) => address !== undefined)
      .filter((address) => !address.startsWith('fe80:'))
      .map((address) => ({ device, address })),
  );
}
