# The tables: reads what `ip` and `bridge` print, in every version from iproute2 4.11 and busybox 1.35
# on, and prints records of one form. For a table that it could not read whole it prints the record
# `U`: such a table is unknown, never empty.

# More than any host prints: 5,000 peers and 250 pods make 1.5 million bytes.
MAX_PRINTED_BYTES=16777216

# Prints the output of each command between marks, and a last mark that shows that nothing was cut.
raw_tables() {
  # Every pod adds a route of IPv6, so these are read only where the overlay has an IPv6 device.
  families=4
  if any "$ROOT"/proc/sys/net/ipv6/conf/*-v6.*; then families='4 6'; fi
  # shellcheck disable=SC2086 # Commands are to become words.
  $bounded $apart sh -c "$READ_TABLES" read-tables "$families" "$apart" 2>/dev/null |
    head -c "$MAX_PRINTED_BYTES"
}

# The same, with `?` for every byte that is not printable ASCII.
printed_tables() { raw_tables | tr -c '\t\n -~' '?'; }

# Starting programs takes most of the time of this script. So all commands that read tables run in one
# shell under one `timeout`. At its signal the shell kills the command that hangs, and gives the others
# HUNG_SECONDS more; then it starts no other. A command may ignore a signal that only asks, and what it
# has started may hold the pipe open: at the end everything in this session is killed. Error messages are
# read like entries: some come with exit status 0 ("Dump was interrupted and may be inconsistent").
# Busybox has no `-d`, so links are read a second time without it.
# shellcheck disable=SC2016 # The $ are of that shell.
READ_TABLES='
  HUNG_SECONDS=3
  hangs= late=
  end() {
    kill -KILL "$child"
    hung=124
    if [ -n "$hangs" ]; then late=124; fi
    hangs=1
    (sleep "$HUNG_SECONDS" && kill "$$") >/dev/null 2>&1 &
  }
  trap end TERM

  section() {
    echo "@begin $1"
    shift
    hung=
    if [ -z "$late" ]; then
      "$@" 2>&1 &
      child=$!
      wait "$child"
    fi
    status=${late:-${hung:-$?}}
    printf "\n@end %s\n" "$status"
  }

  section version ip -V
  section link ip -d -o link show type vxlan
  case $status in 0 | 124) ;; *) section link ip -o link show ;; esac
  section address ip -o addr show
  section neighbour ip neigh show nud all
  section fdb bridge fdb show
  for family in $1; do section route ip "-$family" route show; done
  echo @complete
  if [ -n "$hangs" ] && [ -n "$2" ]; then kill -KILL 0; fi
'

# The devices of the overlay, by their names.
# shellcheck disable=SC2016 # The $ are awk's.
OVERLAYS='
  function is_overlay(dev) {
    if (!(dev in overlay))
      overlay[dev] = profile != "calico" && dev ~ /^flannel(-v6)?\.[0-9]+$/ ||
        profile != "flannel" && dev ~ /^vxlan(-v6)?\.calico$/
    return overlay[dev]
  }
'

# This awk program calls emit(kind, dev, key, value, detail) for each entry of an overlay device and
# each route with a gateway, while $0 is the line of the entry and `table` its table. It skips entries
# of other devices and of multicast. A line that it does not understand makes the whole table unknown.
# shellcheck disable=SC2016 # The $ are awk's.
NORMALISE='
  /^@(begin|end) / { mark(); next }
  table == "neighbour" { neighbour(); next }
  table == "fdb" { fdb(); next }
  table == "route" { route(); next }
  table == "address" { address(); next }
  table == "link" { link(); next }
  table == "version" { version(); next }
  table == "none" && $0 != "@complete" { refuse("a line between two tables") }

  # A begin mark stands outside a table, an end mark inside one.
  function mark() {
    if (($1 == "@begin") == (table != "" && table != "none")) refuse("a mark out of place")
    if ($1 == "@begin") { table = $2; fault = first = "" }
    else { ended($2); table = "none" }
  }

  # ip utility, iproute2-6.1.0, libbpf 1.1.2; BusyBox v1.35.0 (Debian 1:1.35.0-4) multi-call binary.
  function version() {
    if (++version_lines > 3) return
    if (sub(/.*iproute2-/, "")) tool = "iproute2"
    else if (sub(/.*BusyBox v/, "")) tool = "busybox"
    else return
    sub(/[^0-9A-Za-z.].*/, "")
    release = $0
  }

  # 3: flannel.1: <BROADCAST,UP,LOWER_UP> mtu 1450 ... link/ether MAC ... vxlan id 1 local IP ...
  function link(    dev, state, vxlan) {
    if ($1 !~ /^[0-9]+:$/ || $3 !~ /^<.*>$/) return garbled()
    if (position("mtu", position("mtu", 4) + 1) <= NF) return garbled()
    dev = $2
    sub(/(@.*)?:$/, "", dev)
    is_device[dev] = 1
    if (!is_overlay(dev)) return other_link(dev)
    if (dev in own) return
    state = $3 ~ /[<,]UP[,>]/ && $3 ~ /[<,]LOWER_UP[,>]/ ? "UP" : "DOWN"
    vxlan = position("vxlan", 4)
    device[++devices] = dev
    own[dev] = source[dev] = ip(after("local", vxlan))
    emit("D", dev, ($1 + 0) " " state " " number(after("mtu", 4)) \
      " " mac(after("link/ether", 4)) " " number(after("id", vxlan)) \
      " " own[dev] " " number(after("dstport", vxlan)))
    below(dev, $1 + 0, after("dev", vxlan))
  }

  # The interface that carries the outer packets, and its MTU, where /sys is that of this network.
  function below(dev, ifindex, name,    mtu) {
    if (name !~ /^[A-Za-z0-9][A-Za-z0-9._+-]*$/ || length(name) > 15) return
    if (setting(dev, "ifindex") != ifindex) return
    mtu = setting(name, "mtu")
    if (mtu ~ /^[0-9]+$/) emit("below", dev, name " " mtu)
  }

  function setting(dev, name,    file, value) {
    file = root "/sys/class/net/" dev "/" name
    value = ""
    if ((getline value < file) < 0) value = ""
    close(file)
    return value
  }

  # 3: flannel.1    inet 10.42.0.0/32 scope global flannel.1 ...
  function address(    text, i) {
    if ($1 !~ /^[0-9]+:$/ || after("inet", 5) after("inet6", 5) != "") return garbled()
    if ($3 !~ /^inet6?$/ || $4 ~ /^fe80:/) return
    if (!is_prefix($4)) return garbled()
    if (is_overlay($2)) {
      emit("A", $2, with_length($4))
      own_address($2, $4)
    } else other_address($2, with_length($4))
    text = $4
    sub(/\/.*/, "", text)
    for (i = 1; i <= devices; i++) {
      if (own[device[i]] != text) continue
      emit("C", device[i], with_length($4))
      own[device[i]] = ""
    }
  }

  # The lines of the three tables are matched to their last word: a line that was cut, or to which another
  # one was joined, would hide an entry.

  # 10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 router PERMANENT proto openr
  function neighbour(    i, lladdr, state, proxy) {
    if (!is_ip($1) || $2 != "dev") return garbled()
    i = 4
    if ($4 == "lladdr") { lladdr = $5; i = 6 }
    for (; i <= NF; i++) {
      if ($i in is_state) state = $i
      else if ($i in neighbour_value) i++
      else if ($i == "proxy") proxy = 1
      else if (!($i in neighbour_flag)) return garbled()
    }
    if (i > NF + 1 || (state == "" && !proxy && !has_no_state(lladdr))) return garbled()
    if (!is_overlay($3)) return other_device($3)
    if (proxy || state == "NOARP" || $1 ~ /^(ff..:|22[4-9]\.|23[0-9]\.)/) return
    if (lladdr != "" && !is_mac_address(lladdr)) return garbled()
    emit("N", $3, $1, known(lladdr), known(state))
  }

  # An entry without a state has no MAC either. It ends with its device and a blank, or in busybox with
  # the number of its probes.
  function has_no_state(lladdr) {
    return lladdr == "" && (NF == 3 ? / $/ : $(NF - 1) == "probes")
  }

  # 8a:11:11:11:11:02 dev flannel.1 dst 192.168.50.2 self permanent; 4.17 and 4.18 print no "dst". Entries
  # of bridges and of next-hop groups have no destination. 4.17 and 4.18 print a bridge without a keyword.
  function fdb(    i, dst, others) {
    if (!is_mac($1) || $2 != "dev" || NF < 4) return garbled()
    if (!is_overlay($3)) return position("dev", 4) <= NF ? garbled() : other_device($3)
    i = 4
    if (is_ip($4)) { dst = $4; i = 5 }
    for (; i <= NF; i++) {
      if ($i == "dst" && dst == "") dst = $++i
      else if ($i in fdb_value) {
        if ($i ~ /^(nhid|vlan|master)$/) others = 1
        if ($++i == "ifindex") i++
      } else if (!($i in fdb_flag)) return garbled()
    }
    if (i > NF + 1 || !($NF in fdb_flag || others)) return garbled()
    if (dst == "" && others) return
    if (!is_ip(dst) || !is_mac_address($1)) return garbled()
    emit("F", $3, $1, dst)
  }

  # [type] 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink. A route with several gateways has a line
  # for each, below the line with its destination.
  function route(    i, via, dev, type) {
    if ($1 == "nexthop") {
      head = first
      awaits_hops = 0
      i = 2
    } else {
      end_route()
      head = ""
      first = $0
      i = 1
      if ($1 ~ /^[a-z]+$/ && $1 != "default") { type = $1; i = 2 }
      destination = $(i++)
      if (destination != "default" && !is_prefix(destination)) return garbled()
    }
    for (; i <= NF; i++) {
      if ($i == "via" && via == "") {
        via = $++i
        if (via == "inet" || via == "inet6") via = $++i
      } else if ($i == "dev" && dev == "") dev = $++i
      else if ($i in route_value) {
        if ($++i == "lock") i++
      } else if ($i == "encap") return
      else if (!($i in route_flag)) return garbled()
    }
    if (i > NF + 1 || (via != "" && (dev == "" || !is_ip(via)))) return garbled()
    # Busybox shows no hops, and ends the line with a blank.
    awaits_hops = dev == "" && type !~ /^(blackhole|unreachable|prohibit|throw)$/ && $1 != "nexthop" &&
      !(tool == "busybox" && / $/)
    if (dev != "" && !is_overlay(dev) && other_device(dev)) return
    if (destination == "default") return
    if (via != "") emit("R", dev, with_length(destination), via)
    if (!is_overlay(dev)) other_route(type, dev, via)
    else if (via != "") route_to_pods(dev)
  }
  function end_route() {
    if (awaits_hops) unrecognised()
    awaits_hops = 0
  }

  # Entries of another device are passed over, unless its name is what is left of a name of this overlay.
  function other_device(dev,    name) {
    if (!(dev in is_cut)) {
      is_cut[dev] = 0
      for (name in own) if (index(name, dev) == 1 && !(dev in is_device)) is_cut[dev] = 1
    }
    if (is_cut[dev]) unrecognised()
    return is_cut[dev]
  }

  # The record of an entry, or of a device, an address or the tools: these have no value.
  function record(kind, dev, key, value, detail) {
    if (kind == "F") detail = has("permanent") ? "permanent" : has("static") ? "static" : "dynamic"
    if (kind == "R") detail = has("onlink") ? "onlink" : "-"
    return kind " " dev " " key (value == "" ? "" : " " value " " detail)
  }

  function position(name, from,    i) {
    for (i = from; i <= NF; i++) if ($i == name) return i
    return NF + 1
  }
  function has(name) { return position(name, 2) <= NF }
  function after(name, from,    i) {
    for (i = from; i < NF; i++) if ($i == name) return $(i + 1)
    return ""
  }

  function is_ip(text) {
    return text ~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f.:]*)$/
  }
  function is_prefix(text) {
    return text ~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f.:]*)(\/[0-9]+)?$/
  }
  function is_mac_address(text) { return length(text) == 17 && is_mac(text) }
  function is_mac(text) { return text ~ /^[0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$/ }

  function known(text) { return text == "" ? "-" : text }
  function number(text) { return text ~ /^[0-9]+$/ ? text : "-" }
  function ip(text) { return is_ip(text) ? text : "-" }
  function mac(text) { return is_mac_address(text) ? text : "-" }
  function with_length(text) { return text (text ~ /\// ? "" : text ~ /:/ ? "/128" : "/32") }

  function garbled() {
    if (NF > 0) fault = /Dump was interrupted/ ? "interrupted" : "unrecognised"
  }
  function unrecognised() { fault = "unrecognised" }
  function ended(status,    reason) {
    end_route()
    if (table == "version") return emit("tools", tool == "" ? "none" : tool, known(release))
    if (status != "0") reason = reason_of(status)
    else reason = tool == "" && table != "fdb" ? "unrecognised" : fault
    # Where the links were read twice, the second reading counts.
    if (table == "link") of_links = reason
    else if (table == "address") unread("device", of_links == "" ? reason : of_links)
    else unread(table, reason)
  }
  function reason_of(status) {
    if (status == 124 || status == 143) return "timeout"
    if (status == 126 || status == 127) return "missing"
    return "exit-" status
  }
  function unread(name, reason) {
    if (reason != "" && !(name in unread_tables)) put("U " name " " reason)
    if (reason != "") unread_tables[name] = 1
  }

  # iproute2: ip/ipneigh.c, bridge/fdb.c, ip/iproute.c.
  BEGIN {
    words(is_state, "INCOMPLETE REACHABLE STALE DELAY PROBE FAILED NOARP PERMANENT")
    words(neighbour_value, "ref used probes proto")
    words(neighbour_flag, "router managed extern_learn offload extern_valid")
    words(fdb_value, "vlan port vni src_vni via nhid link-netnsid used master")
    words(fdb_flag, "self router extern_learn offload sticky locked activity_notify inactive")
    words(fdb_flag, "permanent static stale")
    words(route_value, "proto scope src metric pref table tos dsfield realm realms nhid expires")
    words(route_value, "error weight from iif mtu advmss hoplimit initcwnd initrwnd rto_min window")
    words(route_value, "rtt rttvar ssthresh cwnd reordering features quickack congctl")
    words(route_value, "fastopen_no_cookie ttl-propagate")
    words(route_flag, "onlink linkdown dead pervasive notify unresolved offload trap rt_offload")
    words(route_flag, "rt_trap offload_failed rt_offload_failed")
  }
  function words(set, text,    list, i) {
    split(text, list, " ")
    for (i in list) set[list[i]] = 1
  }
'
