import { createHmac } from 'node:crypto';
import { type IpAddress, parseIp } from '../../shared/core/overlay/addresses.ts';
import { isOtherOverlay } from '../../shared/core/parse/devices.ts';
import { isOverlayDevice } from '../../shared/core/overlay/profile.ts';
import { isCutName } from '../../shared/core/parse/parsed.ts';

/** What stands in a listing in place of an address, a MAC address and any other word. */
interface Substitutes {
  readonly address: (address: IpAddress) => IpAddress;
  readonly mac: (mac: string) => string;
  readonly word: (word: string) => string;
}

/** Hardware addresses of other lengths, MAC addresses, also behind or before a colon, addresses, and words. */
const TOKEN =
  /(?<long>\b[\da-f]{2}(?::[\da-f]{2}){6,})|(?<mac>(?<!\w)[\da-z]{2}(?::[\da-z]{2}){5}(?!\w))|(?<address>(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|[\da-f]*:[\da-f]*:[\da-f:.]*)(?![\w:]))|(?<word>[A-Za-z\d_][\w.+-]*)/gi;

/**
 * A word with a letter or digit that is not of ASCII: none of these programs prints one. Without the flag i, which
 * takes some letters of other scripts for those of ASCII.
 */
const FOREIGN = /(?<![\w.+-])[\w.+-]*(?!\p{ASCII})[\p{L}\p{M}\p{N}][\w.+\-\p{L}\p{M}\p{N}]*/gu;

/** Put before what stands for such a word: it remains one that no parser understands. */
const FOREIGN_LETTER = 'ä';

/**
 * A listing of `ip`, `bridge` or their elders with other addresses and names. Every word that these programs
 * do not print of themselves is replaced, whatever it may be.
 */
export function anonymousListing(text: string, { address, mac, word }: Substitutes): string {
  const ofAscii = text.replaceAll(FOREIGN, (token) => FOREIGN_LETTER + word(token));
  return ofAscii.replaceAll(TOKEN, (token: string, ...rest: unknown[]) => {
    const groups: unknown = rest.at(-1);
    const { long, mac: hardware } = Object(groups);
    if (long !== undefined) return word(token).padEnd(token.length, '0');
    if (hardware !== undefined) return mac(token.toLowerCase());
    const ip = parseIp(token);
    if (ip !== undefined) return address(ip);
    // A part of an address or of a MAC address, or one in another spelling, is hidden as a whole.
    if (/[\da-f]:[\da-f]+:/i.test(token)) return word(`part ${token}`);
    return token.replaceAll(/[A-Za-z\d_][\w.+-]*/g, word);
  });
}

/** A word of the programs as it is; any other becomes one that shows nothing but that it is the same. */
export function anonymousWord(key: Uint8Array): (word: string) => string {
  return (word) => {
    if (isPlain(word)) return word;
    const hash = createHmac('sha256', key).update(`word ${word}`).digest('hex');
    const [prefix = 'x'] = /^(?:veth|cali|lxc|docker|br-)/.exec(word) ?? [];
    return `${prefix}${hash.slice(0, 8)}`;
  };
}

/** Names of devices that most hosts have. */
const USUAL_DEVICE =
  /^(?:lo|eth|ens|eno|enp|bond|br|team|wlan|docker|cni|dummy|tun|tunl|tap|wg|kube-ipvs|if)\d*(?:s\d+)?(?:[fdnp]\d+)*(?:\.\d{1,4})?$/;

/** A letter, a number, or what is left of an overlay device's name. */
function isPlain(word: string): boolean {
  return (
    WORDS.has(word) ||
    word.length === 1 ||
    /^(?:0x)?\d+(?:\.\d+)?(?:sec|ms|s|Kb|KB)?$/.test(word) ||
    // Of two characters it may be an octet of a MAC address.
    /^\d{2,}b$/.test(word) ||
    USUAL_DEVICE.test(word) ||
    isOverlayDevice(word) ||
    isOtherOverlay(word) ||
    (isCutName(word) && word.length > 2)
  );
}

/** What `ip`, `bridge`, `arp`, `route` and `ifconfig` print of themselves, and what a terminal puts around it. */
const WORDS: ReadonlySet<string> = new Set(
  `
  dev forever link scope default brd lladdr self via state mtu permanent qdisc valid_lft preferred_lft
  group DEFAULT dst LOWER_UP mode promiscuity allmulti eui64 none addrgenmode minmtu maxmtu numtxqueues
  numrxqueues proto PERMANENT ether inet inet6 onlink MULTICAST BROADCAST NOARP POINTOPOINT DYNAMIC
  noqueue qlen UNKNOWN DOWN DORMANT LOWERLAYERDOWN NO-CARRIER global host site link-local src kernel
  boot static ra dhcp bird zebra redirect id gso_max_size gso_max_segs tso_max_size tso_max_segs
  gro_max_size gso_ipv4_max_size gro_ipv4_max_size vxlan ageing ttl auto inherit local local6 remote
  srcport dstport udpcsum noudpcsum udp6zerocsumtx udp6zerocsumrx noudp6zerocsumtx noudp6zerocsumrx
  nolearning learning external unset proxy l2miss l3miss rsc loopback LOOPBACK fq_codel pfifo_fast
  false true null metric flags REACHABLE INCOMPLETE STALE PROBE DELAY FAILED stale sticky locked
  router port mac broadcast multicast anycast unicast nat blackhole unreachable prohibit throw
  extern_learn extern_valid extern root address veth bridge bond vlan macvlan ipvlan dummy wireguard
  txqlen operstate num_tx_queues num_rx_queues linkmode linkinfo link_type link-netns link-netnsid
  info_kind info_data info_slave_kind info_slave_data inet6_addr_gen_mode ifname ifindex master slave
  vni src_vni nhid udp_zero_csum6_tx udp_zero_csum6_rx udp_csum port_range low high df noop pref medium
  min_mtu max_mtu protocol gateway nexthop nexthops weight table unspec managed linkdown dead
  pervasive onlink offload trap ref used probes prefsrc metrics addr_info family prefixlen label
  valid_life_time preferred_life_time noprefixroute secondary dynamic temporary mngtmpaddr tentative
  deprecated dadfailed stable-privacy dev expires error realm features window rtt cwnd initcwnd initrwnd
  advmss hoplimit lock remcsum_tx remcsum_rx localbypass REORDER_HDR txqueuelen parentbus parentdev
  alias altname permaddr peer packets bytes errors dropped overruns frame carrier collisions RUNNING
  netmask encap Link Ethernet HWaddr Bcast Mask Metric Interrupt Memory
  Address HWtype HWaddress Flags Iface Destination Gateway Genmask Kernel routing Use Next Hop Option
  IP type HW Device incomplete PERM PUP TRAIL on at UP RX TX UG UH UGH CM CP mq fq sfq
  sudo ip bridge arp route netstat ifconfig cat kubectl exit logout neigh nei neighbor neighbour fdb
  link addr address show list all nud main br no nodes get
  Script started done Connection closed Warning Permanently added known hosts Defaulted container out
  unable resolve password CHANGED SUCCESS rc
  `
    .trim()
    .split(/\s+/),
);
