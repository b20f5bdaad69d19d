# The tables: what `ip` and `bridge` print, in every version from iproute2 4.11 and busybox 1.35 on,
# becomes records of one form. A table that could not be read whole is said to be so: it is unknown,
# never empty.

# More than any host prints: 5,000 peers and 250 pods make 1.5 million bytes.
MAX_PRINTED_BYTES=16777216

# Sets ip_kind and ip_version: iproute2's `ip -V` tells, busybox prints its usage instead.
inspect_ip() {
  says=$(bounded ip -V 2>&1 | first_lines)
  case $says in
    *iproute2-*) ip_kind=iproute2 ip_version=${says#*iproute2-} ;;
    *'BusyBox v'*) ip_kind=busybox ip_version=${says#*BusyBox v} ;;
    *) ip_kind=none ip_version= ;;
  esac
  ip_version=${ip_version%%[!0-9A-Za-z.]*}
  ip_version=${ip_version:--}
}

# Prints what each command prints, between marks, in printable ASCII. The mark at the very end says
# that nothing was cut.
printed_tables() {
  {
    if [ "$ip_kind" = iproute2 ]; then
      ip_section link -d -o link show type vxlan
    else
      ip_section link -o link show
    fi
    ip_section address -o addr show
    ip_section neighbour neigh show nud all
    bridge_section fdb fdb show
    ip_section route -4 route show
    # Only an overlay in IPv6 has entries among these routes, of which each pod adds its own.
    if any "$ROOT"/proc/sys/net/ipv6/conf/*-v6.*; then ip_section route -6 route show; fi
    echo @complete
  } 2>/dev/null | head -c "$MAX_PRINTED_BYTES" | tr -c '\t\n -~' '?'
}

ip_section() {
  table=$1
  shift
  if [ "$ip_kind" = none ]; then no_section "$table" ip; else section "$table" ip "$@"; fi
}

# A CNI plugin is named `bridge` as well.
bridge_section() {
  table=$1
  shift
  case $(bounded bridge -V 2>&1 | first_lines) in
    'bridge utility'*) section "$table" bridge "$@" ;;
    *) no_section "$table" bridge ;;
  esac
}

# Runs a command that reads a table. Complaints go the way of entries, because some leave the exit
# status at 0 ("Dump was interrupted and may be inconsistent").
section() {
  echo "@begin $1"
  shift
  bounded "$@" 2>&1
  status=$?
  # What hung once hangs again, and the answer is awaited.
  if [ "$status" -eq 124 ]; then patience_seconds=1; fi
  printf '\n@end %s\n' "$status"
}

# Says that the program for a table is not there, or is not what its name says.
no_section() {
  if command -v "$2" >/dev/null; then reason=unrecognised; else reason=missing; fi
  printf '@begin %s\n@end %s\n' "$1" "$reason"
}

# Enough for the version of a program, and no more from one that does not stop.
first_lines() {
  for _ in 1 2 3; do read -r line && printf '%s\n' "$line"; done
}

# This awk program calls emit(kind, dev, key, value, detail) for each entry that matters, while
# `printed` is the line it is from and `table` is where that stood. Every line must be understood, or the table is unknown; what
# is skipped on purpose is other devices' and multicast's.
# shellcheck disable=SC2016 # The $ are awk's.
NORMALISE='
  $1 == "@begin" { table = $2; destination = fault = ""; next }
  $1 == "@end" { ended($2); next }
  $1 == "@complete" { complete = 1; next }
  NF == 0 { next }
  { printed = $0 }
  table == "link" { link() }
  table == "address" { address() }
  table == "neighbour" { neighbour() }
  table == "fdb" { fdb() }
  table == "route" { route() }
  END { exit !complete }

  # 3: flannel.1: <BROADCAST,UP,LOWER_UP> mtu 1450 ... link/ether MAC ... vxlan id 1 local IP ...
  function link(    dev, state, vxlan) {
    if ($1 !~ /^[0-9]+:$/) return garbled()
    dev = $2
    sub(/(@.*)?:$/, "", dev)
    if (!is_overlay(dev)) return
    state = $3 ~ /[<,]UP[,>]/ && $3 ~ /[<,]LOWER_UP[,>]/ ? "UP" : "DOWN"
    vxlan = position("vxlan", 4)
    own[dev] = ip(after("local", vxlan))
    emit("D", dev, ($1 + 0) " " state " " number(after("mtu", 4)) \
      " " mac(after("link/ether", 4)) " " number(after("id", vxlan)) \
      " " own[dev] " " number(after("dstport", vxlan)))
  }

  # 3: flannel.1    inet 10.42.0.0/32 scope global flannel.1 ...
  function address(    dev, text) {
    if ($1 !~ /^[0-9]+:$/) return garbled()
    if ($3 !~ /^inet6?$/ || $4 ~ /^fe80:/) return
    if (!is_prefix($4)) return garbled()
    if (is_overlay($2)) emit("A", $2, with_length($4))
    text = $4
    sub(/\/.*/, "", text)
    for (dev in own) {
      if (own[dev] != text) continue
      emit("L", dev, with_length($4))
      delete own[dev]
    }
  }

  # 10.42.1.0 dev flannel.1 lladdr 8a:11:11:11:11:02 router PERMANENT proto openr
  function neighbour(    dev, i, state) {
    if (!is_ip($1)) return garbled()
    dev = after("dev", 2)
    if (!is_overlay(dev)) return
    state = "-"
    for (i = 2; i <= NF; i++)
      if ($i ~ /^(INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT)$/) state = $i
    if (state == "NOARP" || $1 ~ /^(ff|22[4-9]\.|23[0-9]\.)/) return
    emit("N", dev, $1, mac(after("lladdr", 2)), state)
  }

  # 8a:11:11:11:11:02 dev flannel.1 dst 192.168.50.2 self permanent; 4.17 and 4.18 print no "dst".
  function fdb(    at, dst, kind) {
    if (!is_mac($1)) return garbled()
    at = position("dev", 2)
    if (!is_overlay($(at + 1))) return
    dst = after("dst", 2)
    if (dst == "") dst = $(at + 2)
    if (!is_ip(dst)) return
    kind = has("permanent") ? "permanent" : has("static") ? "static" : "dynamic"
    emit("F", $(at + 1), $1, dst, kind)
  }

  # [type] 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink; of several gateways, each has a line of
  # its own below the destination.
  function route(    via) {
    if ($1 == "nexthop") {
      printed = head $0
    } else {
      head = $0
      destination = $1 ~ /^[a-z]+$/ && $1 != "default" ? $2 : $1
    }
    if (destination == "default") return
    if (!is_prefix(destination)) return garbled()
    via = after("via", 1)
    if (via ~ /^inet6?$/) via = after(via, 1)
    if (via == "") return
    if (!is_ip(via)) return garbled()
    emit("R", known(after("dev", 1)), with_length(destination), via, has("onlink") ? "onlink" : "-")
  }

  # The entry in one line. Devices and addresses have no value.
  function record(kind, dev, key, value, detail) {
    return kind " " dev " " key (value == "" ? "" : " " value " " detail)
  }

  function position(name, from,    i) {
    for (i = from; i <= NF; i++) if ($i == name) return i
    return NF + 1
  }
  function has(name) { return position(name, 2) <= NF }
  function after(name, from,    i) {
    i = position(name, from)
    return i < NF ? $(i + 1) : ""
  }

  function is_overlay(dev) { return dev ~ /^(flannel(-v6)?\.[0-9]+|vxlan(-v6)?\.calico)$/ }
  function is_ip(text) { return text ~ /^[0-9a-f.:]+$/ && text ~ /[.:]/ }
  function is_prefix(text) { return text ~ /^[0-9a-f.:]+(\/[0-9]+)?$/ && text ~ /[.:]/ }
  function is_mac(text) { return text ~ /^[0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$/ }

  function known(text) { return text == "" ? "-" : text }
  function number(text) { return text ~ /^[0-9]+$/ ? text : "-" }
  function ip(text) { return is_ip(text) ? text : "-" }
  function mac(text) { return is_mac(text) ? text : "-" }
  function with_length(text) { return text (text ~ /\// ? "" : text ~ /:/ ? "/128" : "/32") }

  function garbled() { fault = /Dump was interrupted/ ? "interrupted" : "unrecognised" }
  function ended(status) {
    if (status != "0") unread(reason_of(status))
    else if (fault != "") unread(fault)
  }
  function reason_of(status) {
    if (status !~ /^[0-9]+$/) return status
    if (status == 124 || status == 143) return "timeout"
    if (status == 126 || status == 127) return "missing"
    return "exit-" status
  }
  function unread(reason,    name) {
    name = table == "link" || table == "address" ? "device" : table
    if (!(name in told)) print "U " name " " reason
    told[name] = 1
  }
'
