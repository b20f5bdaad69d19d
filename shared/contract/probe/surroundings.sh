# What is around the overlay on this host: the addresses of its interfaces, the bridge of its pods, and
# anomalies, that is networks, routes and devices in the way of the pod network. They are found here, since
# a host may have many routes and has few anomalies. The checker decides what an anomaly means.

# Makes an answer of what `ip` and `bridge` print. $1: the action. $2: the awk program that makes records
# of the tables. $3 and so on: options of awk.
normalise() {
  action=$1 records=$2
  shift 2
  find_pod_networks
  awk -v action="$action" -v root="$ROOT" -v profile="$device_profile" -v network="$network" -v network6="$network6" \
    -v subnet="$subnet" -v subnet6="$subnet6" "$@" "$SYMBOLS$OVERLAYS$records$NORMALISE$SURROUNDINGS$ENVELOPE"
}

# Sets `network` and `network6` to the pod networks of this cluster, and `subnet` and `subnet6` to the pods'
# addresses of this host, where flannel wrote them down.
find_pod_networks() {
  network='' network6='' subnet='' subnet6=''
  [ -r "$ROOT/run/flannel/subnet.env" ] || return 0
  while IFS='=' read -r name value || [ -n "$name" ]; do
    case $name=$value in
      *=*[!0-9a-f.:/]*) ;;
      FLANNEL_NETWORK=*) network=$value ;;
      FLANNEL_IPV6_NETWORK=*) network6=$value ;;
      FLANNEL_SUBNET=*) subnet=$value ;;
      FLANNEL_IPV6_SUBNET=*) subnet6=$value ;;
    esac
  done <"$ROOT/run/flannel/subnet.env"
}

# NORMALISE calls the functions above `END`, for what is no entry of the overlay. What does not fit is cut,
# and the record `cut` names it: what was cut is unknown, as is what could not be read.
# shellcheck disable=SC2016 # The $ are awk's.
SURROUNDINGS='
  BEGIN {
    MAX_BRIDGES = 2; MAX_OWN_ADDRESSES = 8; MAX_ANOMALIES = 4
    MAX_DIGEST_BYTES = 2440
    MAX_OTHER_ROUTES = 64
    CUT = "cut bridge,address,anomaly\n"
    kinds = split("bridge address anomaly", kind_at, " ")
    # A pod network that only routes show is none where it would be as wide as this.
    wide[4] = 8; wide[6] = 16
  }

  # Devices of other overlays, and of this one those that are not of the profile.
  function other_link(dev) {
    if (dev !~ /^(cilium_vxlan|weave|antrea-gw0|flannel-wg(-v6)?|flannel(-v6)?\.[0-9]+|vxlan(-v6)?\.calico)$/) return
    if (!(dev in is_left)) left[++lefts] = dev
    is_left[dev] = 1
  }

  # flannel gives its device the first address of the pods.
  function own_address(dev, cidr) {
    if (dev ~ /^vxlan/) has_calico = 1
    else tunnel[family_of(cidr)] = bare(cidr)
  }

  # Addresses that the overlay uses come first, those of containers last. Those of pods and of services are
  # on no interface that leads to another host.
  function other_address(dev, cidr,    host_part, rank, i) {
    sub(/@.*/, "", dev)
    other_link(dev)
    host_part = bare(cidr)
    if (host_part ~ /^(127|169\.254)\./ || host_part == "::1") return
    if (!is_interface(dev) || !is_range(cidr)) gave_way["bridge"] = gave_way["address"] = 1
    else if (dev == "cni0") bridge[++bridges] = dev " " cidr
    else if (!is_end_of_pod(dev) && dev !~ /^(kube-ipvs0|nodelocaldns)$/) {
      if (dev == "docker0") docker[++dockers] = dev " " cidr
      rank = dev ~ /^(docker|br-[0-9a-f]|virbr|lxcbr|lxdbr|podman|dummy)/ ? 3 : 2
      for (i = 1; i <= devices; i++) if (source[device[i]] == host_part) rank = 1
      if (ranked[rank] == MAX_OWN_ADDRESSES) gave_way["address"] = 1
      else address_at[rank, ++ranked[rank]] = dev " " cidr
    }
  }

  # The kernel lists routes by their destinations: all others are between the first and the last. Of two to
  # one destination it takes the one that it lists first.
  function route_to_pods(dev,    family) {
    family = family_of(destination)
    if (!(family in first_pods)) {
      first_pods[family] = destination
      own_pods[family] = tunnel[family] "/" pods_length(family)
    }
    last_pods[family] = destination
    if (destination == own_pods[family] && destination != last_other) keep("route", dev)
  }

  # Calico sets blackholes for its own blocks, of protocol 80 or of that of BIRD. Busybox shows no protocol.
  function other_route(type, dev, via) {
    if (destination == last_pods[family_of(destination)]) return
    last_other = destination
    if (type ~ /^(blackhole|unreachable|prohibit|throw)$/) {
      if (tool == "busybox") gave_way["anomaly"] = 1
      else if (after("proto", 2) !~ /^(80|bird|kernel)$/) keep(type, "-")
    } else if (dev != "" && !is_end_of_pod(dev) && (type == "" || type == "unicast")) {
      if (via == "") keep("network", dev)
      else if (!is_direct(destination)) keep("route", dev)
    }
  }

  # A route as long as those to the pods of all nodes leads to a node directly, unless to this one.
  function is_direct(range,    family) {
    family = family_of(range)
    return length_of(range) == pods_length(family) && bare(range) != tunnel[family]
  }
  function pods_length(family,    found, i) {
    found = length_of(family == 4 ? subnet : subnet6)
    for (i = 1; i <= bridges && found == ""; i++)
      if (family_of(bridge[i]) == family) found = length_of(bridge[i])
    return found == "" ? length_of(first_pods[family]) : found
  }

  function keep(what, dev,    range) {
    range = with_length(destination)
    if (others == MAX_OTHER_ROUTES || !(dev == "-" || is_interface(dev)) || !is_range(range)) gave_way["anomaly"] = 1
    else {
      other[++others] = what " " dev " " range
      other_kind[others] = what; other_range[others] = range; other_on[others] = dev
    }
  }

  END {
    if ("device" in unread_tables) gave_way["bridge"] = gave_way["address"] = gave_way["anomaly"] = 1
    if ("route" in unread_tables) gave_way["anomaly"] = 1
    find_pods(4); find_pods(6)
    for (i = 1; i <= dockers && bridges == 0; i++) if (is_in_pods(docker[i])) dock[++docks] = docker[i]
    for (i = 1; i <= bridges; i++) offer("bridge", bridge[i], MAX_BRIDGES)
    for (i = 1; i <= docks; i++) offer("bridge", dock[i], MAX_BRIDGES)
    for (rank = 1; rank <= 3; rank++)
      for (i = 1; i <= ranked[rank]; i++) offer("address", address_at[rank, i], MAX_OWN_ADDRESSES)
    for (i = 1; i <= others; i++) near[i] = nearness(i)
    for (rank = 1; rank <= 3; rank++) {
      for (i = 1; i <= others; i++) if (near[i] == rank) offer("anomaly", other[i], MAX_ANOMALIES)
      for (i = 1; i <= lefts && rank == 1; i++) offer("anomaly", "device " left[i] " -", MAX_ANOMALIES)
    }
    cut = ""
    for (i = 1; i <= kinds; i++) if (kind_at[i] in gave_way) cut = cut (cut == "" ? "" : ",") kind_at[i]
    put("cut " known(cut))
  }

  # Prints a record if there is room for it, and if it is new.
  function offer(kind, text, most) {
    if ((kind, text) in offered) return
    offered[kind, text] = 1
    if (offers[kind] == most || (action == "digest" && bytes + length(kind " " text "\n" CUT) > MAX_DIGEST_BYTES))
      gave_way[kind] = 1
    else {
      offers[kind]++
      put(kind " " text)
    }
  }

  # Sets `pods` to the bits that the addresses of all pods begin with, and `own_bits` to those of the pods here.
  function find_pods(family,    bits, first, last) {
    if (tunnel[family] == "") return
    own_bits[family] = bits_of(tunnel[family] "/" pods_length(family))
    bits = bits_of(family == 4 ? network : network6)
    if (bits == "") {
      first = bits_of(bare(family in first_pods ? first_pods[family] : tunnel[family]))
      last = bits_of(bare(family in last_pods ? last_pods[family] : tunnel[family]))
      bits = in_common(in_common(first, last), own_bits[family])
    }
    pods[family] = length(bits) > wide[family] ? bits : own_bits[family]
  }

  # 1 where it meets the pods of this host, 2 where it lies in the pod network, 3 where it is a network around
  # the pods, 0 where it is in no way. Of routes that overlap the kernel takes the longest, so a route
  # that is shorter than those to the pods takes no packet from them.
  function nearness(i,    family, range, is_network) {
    family = family_of(other_range[i])
    if (has_calico || !(family in own_bits) || (other_on[i] == "docker0" && docks > 0)) return 0
    range = bits_of(other_range[i])
    is_network = other_kind[i] == "network"
    # What leads to the pods of this host leads to their bridge or to one of them, whatever the name.
    if (begins(range, own_bits[family])) return is_network ? 0 : 1
    if (is_network && begins(own_bits[family], range)) return begins(range, pods[family]) ? 2 : 3
    if (!begins(range, pods[family])) return 0
    if (is_network) return 2
    return length(range) >= length(own_bits[family]) && !(other_kind[i] == "route" && is_direct(other_range[i])) ? 2 : 0
  }
  function is_in_pods(dev_and_range,    part, family) {
    split(dev_and_range, part, " ")
    family = family_of(part[2])
    return family in pods && begins(bits_of(part[2]), pods[family])
  }
  function begins(bits, start) { return substr(bits, 1, length(start)) == start }
  function in_common(one, two,    same) {
    while (same < length(one) && substr(one, same + 1, 1) == substr(two, same + 1, 1)) same++
    return substr(one, 1, same)
  }

  function family_of(text) { return text ~ /:/ ? 6 : 4 }
  function bare(range) { sub(/\/.*/, "", range); return range }
  function length_of(range) { return range ~ /\// ? substr(range, index(range, "/") + 1) : "" }
  function bits_of(range,    part, count, i, unit, text) {
    count = words_of(bare(range), part)
    for (i = 1; i <= count; i++) for (unit = 32768; unit >= 1; unit /= 2) text = text (int(part[i] / unit) % 2)
    return length_of(range) == "" ? text : substr(text, 1, length_of(range))
  }

  # Only such a name can stand in a command, and such an address in a record.
  function is_interface(dev) { return length(dev) < 16 && dev ~ /^[A-Za-z0-9][A-Za-z0-9._+-]*$/ }
  function is_end_of_pod(dev) { return dev ~ /^(veth|cali|lxc|cni0$|lo$)/ }
  function is_range(range,    part, count, i) {
    if (range !~ /^[0-9a-f.:]+\/(0|[1-9][0-9]*)$/ || length_of(range) + 0 > (range ~ /:/ ? 128 : 32)) return 0
    if (range ~ /:/ && range ~ /\./) return 0
    count = words_of(bare(range), part)
    for (i = 1; i <= count; i++) if (part[i] > 65535) return 0
    if (range ~ /:/) return count == 8
    for (i = split(bare(range), part, "."); i > 0; i--) if (part[i] > 255 || part[i] !~ /^(0|[1-9][0-9]*)$/) return 0
    return count == 2
  }
'
