# Packets to peers over the overlay: the tables may be right, and every packet lost.
#
# A peer is tried with an ICMP echo of the usual size, one as large as the device carries, and a TCP connection
# to kube-proxy's health port, closed at once; all peers at once, for two seconds. All that runs stays in the
# process group of the script, so that what kills the group kills all of it, and there are no files.

HEALTH_PORT=10256
MAX_TRIED=8

# More than a tool prints; and a line of it stays shorter than what a pipe takes in one piece.
MAX_SAID_BYTES=1000

# Prints what became of packets to the wanted peers. $1: their tunnel IPs, separated by commas.
packets() {
  { identity && try_peers '' "$1" && echo @complete; } | awk -v action=packets "$ENVELOPE"
}

# Tries three peers and one suspect. $1: the round, and behind a slash the suspects; empty for nobody.
try_round() {
  round=${1%%/*}
  suspects=${1#"$round"}
  if is_number "$round" && [ "${#round}" -lt 10 ]; then try_peers "$round" "${suspects#/}"; fi
}

# Prints what became of the packets. $1: the round; empty to try all that $2 names. $2: tunnel IPs, separated
# by commas.
try_peers() {
  [ "$packets" = on ] || return 0
  find_tools
  choose "$1" "$2" | test_peers | awk -v profile="$device_profile" "$OVERLAYS$TRIED"
}

# Sets `limit` to the words that kill a command after some seconds, and the others to what this host has.
# `timeout` would leave the process group if it could. bash sets no time for a connection.
find_tools() {
  limit='' pinger='' connector='' ping=ping nc=nc
  for words in 'timeout --foreground' timeout; do
    if $words 9 true; then limit="$words -s KILL" && break; fi
  done
  command -v ping || ping='busybox ping'
  case $($ping -V 2>&1) in
    *iputils*) pinger=iputils ;;
    *BusyBox* | *inetutils*) pinger=other ;;
  esac
  if command -v nc; then connector=nc; else nc='busybox nc'; fi
  case $($nc --help 2>&1 </dev/null) in *BusyBox*) connector=busybox ;; esac
  if [ -n "$limit" ] && command -v bash; then connector=bash; fi
} >/dev/null 2>&1

# Prints `<tunnel IP> ,<overlay device>=<MTU>,...` for each peer to be tried.
choose() {
  {
    ask 1 ip -o link show
    ask 1 ip -o addr show
    ask 1 ip -4 route show
    if any "$ROOT"/proc/sys/net/ipv6/conf/*-v6.*; then ask 1 ip -6 route show; fi
    echo @end
  } | awk -v profile="$device_profile" -v round="$1" -v suspects="$2" -v most="$MAX_TRIED" \
    "$OVERLAYS$CHOOSE"
}

# Prints a line for each peer and each test, and before and after the tests how many packets each device saw.
# Nothing is sent to where the kernel does not lead through an overlay device.
test_peers() {
  cat "$ROOT/proc/net/dev"
  while read -r peer mtus; do
    family=-4 headers=28 ping_peer=$ping
    case $peer in *:*) family=-6 headers=48 && if command -v ping6 >/dev/null; then ping_peer=ping6; fi ;; esac
    way=$(report 1 ip "$family" route get "$peer")
    device=${way#* dev }
    device=${device%% *}
    mtu=${mtus#*",$device="}
    if [ "$mtu" = "$mtus" ]; then
      echo "peer $peer"
      continue
    fi
    echo "peer $peer $device"
    test_echo small 56 &
    test_echo full $((${mtu%%,*} - headers)) &
    test_connection &
  done
  wait
  cat "$ROOT/proc/net/dev"
} 2>/dev/null

# shellcheck disable=SC2086 # Commands are to become words.
# $1: the name of the test. $2: bytes behind the ICMP header. iputils sends again until one answer came. Busybox
# sends as often as -c says, so it runs twice; it knows no -M, and the kernel forbids to fragment by default.
test_echo() {
  said=@untried
  case $pinger in
    iputils) said=$(report 2 $ping_peer -n -i 0.3 -c 1 -w 1 -M "do" -s "$2" "$peer") ;;
    other)
      said=$(report 2 $ping_peer -c 1 -W 1 -w 1 -s "$2" "$peer")
      case $said in *@0\ *) ;; *) said=$(report 2 $ping_peer -c 1 -W 1 -w 1 -s "$2" "$peer") ;; esac
      ;;
  esac
  one_line "$1"
}

# shellcheck disable=SC2016,SC2086 # The $ are of that shell; commands are to become words.
# The kernel sends a lost SYN again after a second. Busybox stays until the peer closes the connection.
test_connection() {
  said=@untried
  case $connector in
    bash) said=$(report 2 bash -c 'echo begun; exec 3<>"/dev/tcp/$0/$1"' "$peer" "$HEALTH_PORT") ;;
    nc) said=$(report 3 $nc -n -v -z -w 2 "$peer" "$HEALTH_PORT") ;;
    busybox)
      said=stays$(report 2 $nc -w 1 "$peer" "$HEALTH_PORT")
      case $said in *timed\ out*) said=$(report 2 $nc -w 1 "$peer" "$HEALTH_PORT") ;; esac
      ;;
  esac
  one_line tcp
}

# Runs a command for $1 seconds at most.
ask() {
  seconds=$1
  shift
  # shellcheck disable=SC2086 # Commands are to become words.
  ${limit:+$limit $seconds} "$@" </dev/null 2>&1
}

# The same, and prints its exit status behind an `@`. What the command has started may hold the pipe open: the
# blanks end the reading.
report() {
  { ask "$@"; printf "@%s%${MAX_SAID_BYTES}s" "$?" ''; } | head -c "$MAX_SAID_BYTES"
}

# Prints what a tool said in one line and in one piece: tests end at the same time.
one_line() {
  set -f
  # shellcheck disable=SC2086 # It is to become words.
  set -- "$1" "$peer" $said
  printf '%s\n' "$*"
}


# Three peers, counted from the place of this host among all tunnel IPs: in a round each host is tried by three
# others, and after ceil(peers / 3) rounds by all. Suspects are spread over the hosts. A host with both families
# takes them in turns.
# shellcheck disable=SC2016 # The $ are awk's.
CHOOSE='
  $0 == "@end" { exit }
  $1 ~ /^[0-9]+:$/ {
    sub(/(@.*)?:$/, "", $2)
    for (i = 3; i < NF && is_overlay($2); i++) {
      if ($i == "mtu" && $(i + 1) ~ /^[1-9][0-9][0-9]+$/) mtus = mtus "," $2 "=" $(i + 1)
      if ($i ~ /^inet6?$/ && $(i + 1) !~ /^fe80:/) {
        own[$i == "inet6"] = $(i + 1)
        sub(/\/.*/, "", own[$i == "inet6"])
      }
    }
    next
  }
  $2 == "via" && is_overlay($5) && !($3 in is_peer) && is_address($3) {
    is_peer[$3] = 1
    family = $3 ~ /:/
    peer[family, count[family]++] = $3
  }

  END {
    family = count[0] == 0
    turn = round
    if (count[0] > 0 && count[1] > 0) {
      family = round % 2
      turn = int(round / 2)
    }
    mine = key(own[family])
    if (round != "") {
      for (i = 0; i < count[family]; i++) place += key(peer[family, i]) < mine
      for (i = 0; i < 3 && i < count[family]; i++) try(peer[family, (place + 3 * turn + i) % count[family]])
    }
    named = split(suspects, suspect, ",")
    if (named > most) named = most
    for (i = 0; i < named; i++)
      if (try(suspect[(place + turn + i) % named + 1]) && round != "") exit
  }

  function try(ip) {
    if (ip in tried || ip == own[ip ~ /:/] || !is_address(ip)) return 0
    tried[ip] = 1
    print ip " " mtus
    return 1
  }
  function is_address(ip) {
    return ip ~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f.:]*)$/ && ip !~ /[0-9][0-9][0-9][0-9]\.|\.[0-9][0-9][0-9][0-9]/
  }
  # A number for an address of IPv4, else its hexadecimal digits: both sort as addresses do.
  function key(ip,    part, parts, gap, text, i) {
    if (ip !~ /:/) {
      split(ip, part, ".")
      return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
    }
    parts = split(ip, part, ":")
    for (i = 1; i <= parts; i++) {
      text = text substr("0000" part[i], length(part[i]) + 1)
      if (part[i] == "" && i > 1) for (; gap < 8 - parts; gap++) text = text "0000"
    }
    return text
  }
'

# What the tools said, in the words of the records. What no tool said is untried, and not lost.
# shellcheck disable=SC2016 # The $ are awk's.
TRIED='
  $1 == "peer" {
    ip[++peers] = $2
    if (NF > 2) is_tried[$2] = leads[$3] = 1
    next
  }
  $1 ~ /^(small|full|tcp)$/ { said[$1, $2] = $0; next }
  sub(/:/, " ") && is_overlay($1) {
    if ($1 in received) traffic[++devices] = $1 " " $3 - received[$1] " " $11 - sent[$1]
    received[$1] = $3
    sent[$1] = $11
  }

  END {
    for (i = 1; i <= peers; i++) {
      one = ip[i]
      print "tried " one " " (one in is_tried ? echoed("small", one) " " echoed("full", one) " " connected(one) : "- - -")
    }
    for (i = 1; i <= devices; i++) {
      split(traffic[i], part, " ")
      if (part[1] in leads && traffic[i] !~ / -/) print "traffic " traffic[i]
    }
  }

  function echoed(test, one,    text, found) {
    text = said[test, one]
    if (text ~ / bytes from / && match(text, / time=[0-9]+\.?[0-9]* /)) {
      # The peer can forge the time: text would be compared as text.
      found = substr(text, RSTART + 6, RLENGTH - 7) + 0
      return sprintf("ok,%.1f", found < 999999 ? found : 999999)
    }
    if (text ~ /[Mm]essage too long|[Ff]rag needed|too big/) {
      if (!match(text, /mtu[:= ]+[0-9]+/)) return "toobig"
      found = substr(text, RSTART, RLENGTH)
      gsub(/[^0-9]/, "", found)
      return "toobig" (length(found) < 6 ? "," found : "")
    }
    if (index(text, "From " one " ")) return "rejected"
    if (text ~ /nreachable|filtered|rohibited/) return "unreachable"
    if (text ~ /not permitted|ermission denied/) return "denied"
    return text ~ / transmitted/ ? "lost" : "untried"
  }

  function connected(one,    text) {
    text = said["tcp", one]
    if (text ~ /efused|eset by/) return "refused"
    if (text ~ /o route to host|nreachable|nvalid argument/) return "unreachable"
    if (text ~ /not permitted|ermission denied/) return "denied"
    if (text ~ /@0$| stays@[0-9]+$/) return "connected"
    return text ~ /imed out|TIMEOUT| begun @(137|124|143)$/ ? "lost" : "untried"
  }
'
