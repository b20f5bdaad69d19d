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
  test_peers "$1" "$2" | awk -v profile="$device_profile" "$OVERLAYS$TRIED"
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
  if [ -n "$limit" ] && command -v bash; then connector=bash && return; fi
  if command -v nc; then connector=nc; else nc='busybox nc'; fi
  case $($nc --help 2>&1 </dev/null) in *BusyBox*) connector=busybox ;; esac
} >/dev/null 2>&1

# Prints `<tunnel IP> ,<overlay device>=<MTU>,...` for each peer to be tried.
choose() {
  {
    in_batch 'link show' 'addr show' 'route show' || {
      ask 1 ip -o link show
      ask 1 ip -o addr show
      ask 1 ip -4 route show
    }
    if any "$ROOT"/proc/sys/net/ipv6/conf/*-v6.*; then ask 1 ip -6 route show; fi
    echo @end
  } | awk -v profile="$device_profile" -v round="$1" -v suspects="$2" -v most="$MAX_TRIED" \
    "$OVERLAYS$CHOOSE"
}

# Does what `ip` is told with one `ip`. Fails in part where it fails for one of them, and busybox does it for none.
in_batch() { printf '%s\n' "$@" | ${limit:+$limit 1} ip -o -force -batch - 2>&1; }

# Prints a line for each peer and each test, and before and after the tests how many packets each device saw.
# Nothing is sent to where the kernel does not lead through an overlay device.
test_peers() {
  peers=$(choose "$1" "$2")
  [ -n "$peers" ] || return 0
  set --
  for peer in $peers; do case $peer in ,*) ;; *) set -- "$@" "route get $peer" ;; esac done
  ways=$newline$(in_batch "$@")
  cat "$ROOT/proc/net/dev"
  printf '%s\n' "$peers" | test_each
  cat "$ROOT/proc/net/dev"
} 2>/dev/null

test_each() {
  while read -r peer mtus; do
    family=-4 headers=28 ping_peer=$ping
    case $peer in *:*) family=-6 headers=48 && if command -v ping6 >/dev/null; then ping_peer=ping6; fi ;; esac
    case $ways in
      *"$newline$peer "*) way=" ${ways#*"$newline$peer "}" ;;
      *) way=$(ask 1 ip "$family" route get "$peer" | head -c "$MAX_SAID_BYTES") ;;
    esac
    device=${way#* dev }
    device=${device%% *}
    mtu=${mtus#*",$device="}
    if [ "$mtu" = "$mtus" ]; then
      echo "peer $peer"
      continue
    fi
    echo "peer $peer $device"
    test=small
    test_echo 56 | one_line &
    test=full
    test_echo $((${mtu%%,*} - headers)) | one_line &
    test=tcp
    test_connection | one_line &
  done
  wait
}

# shellcheck disable=SC2086 # Commands are to become words.
# $1: bytes behind the ICMP header. iputils sends again until one answer came. Busybox sends as often as -c says,
# so it runs twice; it knows no -M, and the kernel forbids to fragment by default.
test_echo() {
  case $pinger in
    iputils) ask 2 $ping_peer -n -i 0.3 -c 1 -w 1 -M "do" -s "$1" "$peer" ;;
    other) twice $ping_peer -c 1 -W 1 -w 1 -s "$1" "$peer" ;;
    *) echo @untried ;;
  esac
  ended "$?"
}

# shellcheck disable=SC2016,SC2086 # The $ are of that shell; commands are to become words.
# The kernel sends a lost SYN again after a second. Busybox stays until the peer closes the connection.
test_connection() {
  case $connector in
    bash) ask 2 bash -c 'echo begun; exec 3<>"/dev/tcp/$0/$1"' "$peer" "$HEALTH_PORT" ;;
    nc) ask 3 $nc -n -v -z -w 2 "$peer" "$HEALTH_PORT" ;;
    busybox)
      printf stays
      twice $nc -w 1 "$peer" "$HEALTH_PORT"
      ;;
    *) echo @untried ;;
  esac
  ended "$?"
}

# Runs a command for $1 seconds at most.
ask() {
  seconds=$1
  shift
  # shellcheck disable=SC2086 # Commands are to become words.
  ${limit:+$limit $seconds} "$@" </dev/null 2>&1
}

# Runs a command that is told to end after a second, and once more where it failed by itself.
twice() {
  ask 2 "$@"
  case $? in 1) ask 2 "$@" ;; *) return ;; esac
}

# Prints an exit status behind an `@`, on a line of its own.
ended() { printf '\n@%s\n' "$1"; }

# Prints what a tool said in one line and in one piece: tests end at the same time. What the tool has started may
# hold the pipe open, so nothing is read behind its exit status.
one_line() {
  said=
  while read -r line; do
    case $line in @*) break ;; esac
    [ -z "$line" ] || [ $((${#said} + ${#line})) -gt "$MAX_SAID_BYTES" ] || said="$said $line"
  done
  printf '%s\n' "$test $peer$said $line"
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
    if (text ~ /@0$| stays @[0-9]+$/) return "connected"
    return text ~ /imed out|TIMEOUT| begun @(137|124|143)$/ ? "lost" : "untried"
  }
'
