/**
 * A shell for `runProbe` that lays out a network of its own, runs the probe in it as the agent does,
 * and takes everything along when it ends.
 */
export function ownNetwork(layOut: string): readonly string[] {
  const script = `set -e\n${layOut}\nset +e\nsh -c "$0"`;
  return ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script];
}

/** As root this works or fails; only outside CI may others do without it. */
export function cannotHaveNamespaces(): boolean {
  return process.getuid?.() !== 0 && process.env['CI'] === undefined;
}

/** A host of flannel's, dual stack, with one of everything that can be in its tables. */
export const FLANNEL_HOST = `
mount -t proc proc /proc
ip link set lo up
ip link add eth0 index 20 type veth peer name cable
ip addr add 192.168.50.1/24 dev eth0
ip link set cable up
ip link set eth0 up

ip link add flannel.1 index 30 address 8a:11:11:11:11:01 type vxlan id 1 local 192.168.50.1 dev eth0 dstport 8472 nolearning
ip addr add 10.42.0.0/32 dev flannel.1
ip link set flannel.1 up
ip link add flannel-v6.1 index 31 address 8a:66:11:11:11:01 type vxlan id 1 local fd00:50::1 dev eth0 dstport 8473 nolearning
ip addr add 2001:db8:42::/128 dev flannel-v6.1 nodad
ip link set flannel-v6.1 up
ip link add vxlan.calico index 32 address 66:11:11:11:11:01 type vxlan id 4096 local 192.168.50.1 dstport 4789 nolearning
ip link add other index 33 type vxlan id 77 local 192.168.50.1 dstport 4790

ip neigh add 10.42.1.0 lladdr 8a:11:11:11:11:02 dev flannel.1 nud permanent
ip neigh add 10.42.2.0 lladdr 8a:11:11:11:11:03 dev flannel.1 nud stale
ip neigh add 10.42.3.0 lladdr 8a:11:11:11:11:04 dev flannel.1 nud noarp
ip neigh add 10.42.4.0 dev flannel.1 nud none
ip neigh add 239.1.1.1 lladdr 01:00:5e:01:01:01 dev flannel.1 nud permanent
ip neigh add 192.168.50.2 lladdr 8a:22:22:22:22:02 dev eth0 nud permanent
ip neigh add 2001:db8:42:1:: lladdr 8a:66:11:11:11:02 dev flannel-v6.1 nud permanent

bridge fdb add 8a:11:11:11:11:02 dev flannel.1 dst 192.168.50.2
bridge fdb add 8a:11:11:11:11:03 dev flannel.1 dst 192.168.50.3 dynamic
bridge fdb add 8a:66:11:11:11:02 dev flannel-v6.1 dst fd00:50::2
bridge fdb add 8a:11:11:11:11:09 dev other dst 192.168.50.9

ip route add 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink
ip route add 10.42.5.0/24 via 192.168.50.5 dev eth0
ip route add 10.42.7.0/24 nexthop via 192.168.50.2 dev eth0 nexthop via 192.168.50.3 dev eth0
ip route add 10.42.9.5 via 10.42.9.0 dev flannel.1 onlink
ip route add blackhole 10.42.8.0/26
ip route add default via 192.168.50.254
ip -6 route add 2001:db8:42:1::/64 via 2001:db8:42:1:: dev flannel-v6.1 onlink
`;
