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
  $bounded sh -c "$READ_TABLES" read-tables "$families" 2>/dev/null | head -c "$MAX_PRINTED_BYTES"
}

# The same, with `?` for every byte that is not printable ASCII.
printed_tables() { raw_tables | tr -c '\t\n -~' '?'; }

# Starting programs takes most of the time of this script. So all commands that read tables run in one
# shell under one `timeout`. At its signal the shell ends the command that hangs and starts no other,
# because that would hang as well. Error messages are read like entries: some come with exit status 0
# ("Dump was interrupted and may be inconsistent"). Busybox has no `-d`, so links are read a second
# time without it.
# shellcheck disable=SC2016 # The $ are of that shell.
READ_TABLES='
  late=
  end() {
    late=124
    kill "$child"
  }
  trap end TERM

  section() {
    echo "@begin $1"
    shift
    if [ -z "$late" ]; then
      "$@" 2>&1 &
      child=$!
      wait "$child"
    fi
    status=${late:-$?}
    printf "\n@end %s\n" "$status"
  }

  section version ip -V
  section link ip -d -o link show type vxlan
  [ "$status" -eq 0 ] || section link ip -o link show
  section address ip -o addr show
  section neighbour ip neigh show nud all
  section fdb bridge fdb show
  for family in $1; do section route ip "-$family" route show; done
  echo @complete
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
    if ($1 == "@begin") { table = $2; fault = "" }
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
    if ($1 !~ /^[0-9]+:$/) return garbled()
    dev = $2
    sub(/(@.*)?:$/, "", dev)
    if (!is_overlay(dev) || dev in own) return
    state = $3 ~ /[<,]UP[,>]/ && $3 ~ /[<,]LOWER_UP[,>]/ ? "UP" : "DOWN"
    vxlan = position("vxlan", 4)
    device[++devices] = dev
    own[dev] = ip(after("local", vxlan))
    emit("D", dev, ($1 + 0) " " state " " number(after("mtu", 4)) \
      " " mac(after("link/ether", 4)) " " number(after("id", vxlan)) \
      " " own[dev] " " number(after("dstport", vxlan)))
  }

  # 3: flannel.1    inet 10.42.0.0/32 scope global flannel.1 ...
  function address(    text, i) {
    if ($1 !~ /^[0-9]+:$/) return garbled()
    if ($3 !~ /^inet6?$/ || $4 ~ /^fe80:/) return
    if (!is_prefix($4)) return garbled()
    if (is_overlay($2)) emit("A", $2, with_length($4))
    text = $4
    sub(/\/.*/, "", text)
    for (i = 1; i <= devices; i++) {
      if (own[device[i]] != text) continue
      emit("C", device[i], with_length($4))
      own[device[i]] = ""
    }
  }

  # 10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 router PERMANENT proto openr
  function neighbour(    dev, i) {
    if (!is_ip($1)) return garbled()
    dev = after("dev", 2)
    if (!is_overlay(dev)) return
    for (i = NF; i > 1 && !($i in is_state); i--);
    if ($i == "NOARP" || $1 ~ /^(ff..:|22[4-9]\.|23[0-9]\.)/) return
    emit("N", dev, $1, mac(after("lladdr", 4)), i > 1 ? $i : "-")
  }

  # 8a:11:11:11:11:02 dev flannel.1 dst 192.168.50.2 self permanent; 4.17 and 4.18 print no "dst".
  function fdb(    at, dst) {
    if (!is_mac($1)) return garbled()
    at = position("dev", 2)
    if (!is_overlay($(at + 1))) return
    dst = after("dst", at + 2)
    if (dst == "") dst = $(at + 2)
    if (is_ip(dst)) emit("F", $(at + 1), $1, dst)
  }

  # [type] 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink. A route with several gateways has a line
  # for each, below the line with its destination.
  function route(    via) {
    if ($1 == "nexthop") {
      head = first
    } else {
      head = ""
      first = $0
      destination = $1 ~ /^[a-z]+$/ && $1 != "default" ? $2 : $1
    }
    if (destination == "default") return
    if (!is_prefix(destination)) return garbled()
    via = after("via", 2)
    if (via == "inet" || via == "inet6") via = after(via, 2)
    if (via == "") return
    if (!is_ip(via)) return garbled()
    emit("R", known(after("dev", 2)), with_length(destination), via)
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

  function is_overlay(dev) {
    if (!(dev in overlay))
      overlay[dev] = profile != "calico" && dev ~ /^flannel(-v6)?\.[0-9]+$/ ||
        profile != "flannel" && dev ~ /^vxlan(-v6)?\.calico$/
    return overlay[dev]
  }
  function is_ip(text) {
    return text ~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f.:]*)$/
  }
  function is_prefix(text) {
    return text ~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f.:]*)(\/[0-9]+)?$/
  }
  function is_mac(text) { return text ~ /^[0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$/ }

  function known(text) { return text == "" ? "-" : text }
  function number(text) { return text ~ /^[0-9]+$/ ? text : "-" }
  function ip(text) { return is_ip(text) ? text : "-" }
  function mac(text) { return is_mac(text) ? text : "-" }
  function with_length(text) { return text (text ~ /\// ? "" : text ~ /:/ ? "/128" : "/32") }

  function garbled() {
    if (NF > 0) fault = /Dump was interrupted/ ? "interrupted" : "unrecognised"
  }
  function ended(status,    reason) {
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

  BEGIN {
    split("INCOMPLETE REACHABLE STALE DELAY PROBE FAILED NOARP PERMANENT", states)
    for (i in states) is_state[states[i]] = 1
  }
'
