import { answering, joined } from './recorded-tools.ts';
import { programs } from './scratch.ts';

/** What a host of a faked overlay has: its own tunnel IP of each family, and those of its peers. */
interface FakedOverlay {
  readonly own: readonly string[];
  readonly peers: readonly string[];
  /** What `ping` does; it is given the peer as its last argument, as `$peer`. */
  readonly ping?: string;
  /** What `bash` does for a connection to `$peer`. */
  readonly bash?: string;
}

const DEVICES = { ipv4: 'flannel.1', ipv6: 'flannel-v6.1' } as const;

/**
 * `ip`, `bridge` and all that could send a packet: with these before the system's programs, the script sends none
 * into the network of this machine.
 */
export function packetTools({ own, peers, ping = ANSWERED, bash = '' }: FakedOverlay): string {
  const sends = `for peer; do :; done\n${ping}`;
  return programs({
    ip: ipOf(own, peers),
    bridge: answering({ 'fdb show': '' }),
    ping: `case $1 in -V) echo 'ping from iputils 20221126'; exit ;; esac\n${sends}`,
    ping6: sends,
    // The shell may be bash itself.
    bash: `case $1 in -c) peer=$3 ;; *) exec /bin/bash "$@" ;; esac\n${bash}`,
    nc: 'exit 1',
  });
}

/** What iputils prints where a peer answers. */
export const ANSWERED = `echo "64 bytes from $peer: icmp_seq=1 ttl=64 time=0.411 ms"`;

/** One peer for each way a connection can end. */
export const CONNECTIONS = `
  echo begun
  case $peer in
    *.1.0) ;;
    *.2.0) echo 'bash: connect: Connection refused'; exit 1 ;;
    *.3.0) echo 'bash: connect: No route to host'; exit 1 ;;
    *.4.0) echo 'bash: connect: Operation not permitted'; exit 1 ;;
    *.5.0) exec sleep 60 ;;
    *) echo 'bash: /dev/tcp: No such file or directory'; exit 1 ;;
  esac`;

function ipOf(own: readonly string[], peers: readonly string[]): string {
  const family = (ip: string): keyof typeof DEVICES => (ip.includes(':') ? 'ipv6' : 'ipv4');
  const routes = (of: keyof typeof DEVICES): string =>
    joined(
      peers
        .filter((ip) => family(ip) === of)
        .map((ip) => `${ip}/${of === 'ipv4' ? 24 : 64} via ${ip} dev ${DEVICES[of]} onlink `),
    );
  const links = joined([
    '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue',
    '3: flannel.1: <BROADCAST,UP,LOWER_UP> mtu 1450 qdisc noqueue \\    link/ether 8a:11:11:11:11:01 brd ff:ff:ff:ff:ff:ff vxlan id 1 local 192.168.50.1 dev bond0.4094-long dstport 8472 nolearning ',
    '4: flannel-v6.1: <BROADCAST,UP,LOWER_UP> mtu 1430 qdisc noqueue \\    link/ether 8a:66:11:11:11:01 brd ff:ff:ff:ff:ff:ff vxlan id 1 local fd50::1 dev bond0.4094-long dstport 8472 nolearning ',
  ]);
  const addresses = joined(
    own.map((ip) =>
      family(ip) === 'ipv4'
        ? `3: flannel.1    inet ${ip}/32 scope global flannel.1`
        : `4: flannel-v6.1    inet6 ${ip}/128 scope global `,
    ),
  );
  const get = `case $* in *' route get '*)
    for peer; do :; done
    case ' ${peers.join(' ')} ' in *" $peer "*) ;; *) echo "$peer via 192.168.50.254 dev eth0"; exit ;; esac
    case $peer in *:*) dev=flannel-v6.1 ;; *) dev=flannel.1 ;; esac
    echo "$peer via $peer dev $dev src 10.0.0.1"
    exit ;;
  esac`;
  const tables = answering({
    '-V': 'ip utility, iproute2-6.1.0, libbpf 1.1.2\n',
    '-d -o link show type vxlan': links,
    '-o link show': links,
    '-o addr show': addresses,
    'neigh show nud all': '',
    '-4 route show': routes('ipv4'),
    '-6 route show': routes('ipv6'),
  });
  return `${get}\n${tables}`;
}
