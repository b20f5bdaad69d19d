import { type Cidr, parseCidr, parseIp } from '../overlay/addresses.ts';
import type { Device } from '../overlay/vtep.ts';
import { isOverlayDevice } from '../overlay/profile.ts';
import { listField, numberField, objectField, textField } from './json.ts';
import {
  entry,
  looksLikeJson,
  macToken,
  skipped,
  type Parsed,
  parseLines,
  parseListing,
  type ParsedItem,
  notUnderstood,
  valueAfter,
  wordsOf,
} from './parsed.ts';

/** Reads the overlay devices in `ip -d -o link`, text or JSON; busybox prints less of them. */
export function parseLinks(where: string, text: string): Parsed<readonly Device[]> {
  return looksLikeJson(text)
    ? parseListing(where, text, readItem)
    : parseLines(where, text, readLine);
}

interface DeviceAddress {
  readonly device: string;
  readonly address: Cidr;
}

/** Reads the addresses of overlay devices in `ip -o addr`. Link-local ones are skipped: they are not the overlay's. */
export function parseAddresses(where: string, text: string): Parsed<readonly DeviceAddress[]> {
  return parseLines(where, text, (line) => {
    const words = wordsOf(line);
    const device = words[1]?.replace(/@.*$/, '');
    const address = parseCidr(valueAfter(words, 'inet') ?? valueAfter(words, 'inet6') ?? '');
    if (device === undefined || address === undefined) return notUnderstood('not an address');
    const ofOverlay = isOverlayDevice(device) && !address.startsWith('fe80:');
    return ofOverlay ? entry({ device, address }) : skipped;
  });
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

/** `3: flannel.1: <BROADCAST,UP,…> mtu 1450 … link/ether 8a:… … vxlan id 1 local … dstport 8472 …` */
function readLine(line: string): ParsedItem<Device> {
  const words = wordsOf(line.replaceAll('\\', ' '));
  const [index = '', name = '', flags = ''] = words;
  if (!/^\d+:$/.test(index) || !/^<.*>$/.test(flags)) return notUnderstood('not a link');
  const device = name.replace(/:$/, '').replace(/@.*$/, '');
  if (!isOverlayDevice(device)) return skipped;
  // Only words behind `vxlan` are the tunnel's; `id` and `local` mean other things before it.
  const tunnel = words.slice(words.indexOf('vxlan') + 1);
  const isTunnel = words.includes('vxlan');
  return entry({
    name: device,
    index: wholeNumber(index.slice(0, -1)),
    up: flags.slice(1, -1).split(',').includes('UP'),
    mac: macToken(valueAfter(words, 'link/ether')),
    mtu: wholeNumber(valueAfter(words, 'mtu')),
    vni: isTunnel ? wholeNumber(valueAfter(tunnel, 'id')) : undefined,
    port: isTunnel ? wholeNumber(valueAfter(tunnel, 'dstport')) : undefined,
    local: isTunnel ? parseIp(valueAfter(tunnel, 'local') ?? '') : undefined,
    addresses: [],
  });
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
