# What a master is asked of its own API server, in two actions. Systems Manager hands an answer over
# when the script has ended, so what may take long must not hold back what is quick.
#
# `latency`: how long `kubectl get nodes` and `/readyz` take.
# `apis`: whether this API server reaches the aggregated APIs. `kubectl get nodes` does not show that
# where kubectl (from 1.26) and the API server (from 1.27) do discovery in one piece.
#
# Everything is bounded well below the time that the agent leaves the script. kubectl keeps its cache
# in a directory of its own, so that each answer comes from the server and none stays behind.

GET_NODES_SECONDS=60
READYZ_SECONDS=10

# Where nothing answers, the list and four rounds of four take 40 s. Each kubectl takes 50 MB of memory.
API_SECONDS=8
MAX_APIS=16
APIS_AT_ONCE=4

# For each file that kubectl writes; 512 bytes each.
MAX_FILE_BLOCKS=32768

# How much of kubectl's output is read: enough for some 2,000 API services, for a table of 20,000 nodes,
# and for two complaints.
MAX_LIST_BYTES=2097152
MAX_TABLE_BYTES=8388608
MAX_COMPLAINT_BYTES=4096

# An answer must fit in 2,500 bytes with its envelope. Complaints give way to figures.
MAX_LATENCY_BYTES=2000

# Prints `L <request> <start> <end> <exit>` for each request, `E <request> <text>` for what kubectl
# complained of, and `K <name>...` for the nodes that it listed; or, of a long list, `T <count> <sum>`, which
# differs when the names do. Prints nothing on a host that is no master.
latency() (
  begin_requests get-nodes || exit 0
  request 1 get-nodes "$GET_NODES_SECONDS" get nodes >"$work/nodes" &
  requests=$!
  ready &
  requests="$requests $!"
  wait_for_requests
  {
    cat "$work"/*.answer
    head -c "$MAX_TABLE_BYTES" "$work/nodes" | awk -v whole="$WHOLE_LIST_NODES" "$NODE_NAMES"
  } | awk -v max="$MAX_LATENCY_BYTES" "$FIT"
  end_requests
)

# Prints an `L` line for each aggregated API, with `E` lines as `latency` does. `E apis <text>` tells
# what keeps some of them from being known. Their list has an `L` line of its own only if it failed.
apis() (
  begin_requests apis || exit 0
  list=/apis/apiregistration.k8s.io/v1/apiservices
  request 0 "$list" "$API_SECONDS" get --raw "$list" >"$work/list" &
  requests=$!
  wait_for_requests
  read -r _ _ _ _ status <"$work/0.answer"
  if [ "$status" = 0 ]; then
    head -c "$MAX_LIST_BYTES" "$work/list" |
      awk -v max="$MAX_APIS" "$AGGREGATED_APIS" >"$work/apis"
    grep '^E ' "$work/apis" >"$work/0.answer"
    worker=0
    while [ "$worker" -lt "$APIS_AT_ONCE" ]; do
      request_apis "$worker" &
      requests="$requests $!"
      worker=$((worker + 1))
    done
    wait_for_requests
  fi
  cat "$work"/*.answer | awk -v max="$MAX_LATENCY_BYTES" "$FIT"
  end_requests
)

# Asks for each API whose place falls to the worker $1.
request_apis() {
  while read -r place path; do
    case $place in E) continue ;; esac
    if [ $((place % APIS_AT_ONCE)) -eq "$1" ]; then
      request "$place" "$path" "$API_SECONDS" get --raw "$path" >/dev/null
    fi
  done <"$work/apis"
}

# Before Kubernetes 1.16 there is no /readyz, and /healthz says as much.
ready() {
  request 2 /readyz "$READYZ_SECONDS" get --raw /readyz >/dev/null
  if grep -q NotFound "$work/2.complaints"; then
    request 2 /readyz "$READYZ_SECONDS" get --raw /healthz >/dev/null
  fi
}

# Fails where there is nothing to ask, or nothing to ask with. $1: the request that would come first.
begin_requests() {
  config=$(admin_kubeconfig) || return
  find_kubectl || { echo "E $1 no kubectl on this host" && return 1; }
  # The agent removes what lies beside the script, even if it has to kill the script.
  work=$(mktemp -d "${0%/*}/vtepwatch.XXXXXX" 2>/dev/null) ||
    work=$(mktemp -d "${TMPDIR:-/tmp}/vtepwatch.XXXXXX" 2>/dev/null) ||
    { echo "E $1 no directory for temporary files" && return 1; }
  requests=''
  guard=''
  trap 'end_requests; exit 1' HUP INT TERM
  ulimit -f "$MAX_FILE_BLOCKS"
  server=$(own_server)
  session=''
  if setsid true 2>/dev/null; then session=setsid; fi
  $session sh -c "$WAIT_FOR_SCRIPT$END_SESSIONS" "$work" "$$" </dev/null >/dev/null 2>&1 &
  guard=$!
}

wait_for_requests() {
  # shellcheck disable=SC2086 # Process ids are to become words.
  wait $requests
  requests=''
}

# Ends the requests that are under way, and removes their files.
end_requests() {
  # shellcheck disable=SC2086 # Process ids are to become words.
  kill $requests $guard
  kill -KILL "-$guard"
  sh -c "$END_SESSIONS" "$work"
} 2>/dev/null

# Asks, and writes what is to be printed of it to a file. $1: its place in the answer. $2: the
# request's name. $3: seconds that it may take. The others: what kubectl is to do.
request() {
  place=$1
  name=$2
  limit=$3
  shift 3
  # kubectl before 1.18 keeps a part of its cache in its home, whatever --cache-dir says.
  # shellcheck disable=SC2086 # Commands are to become words.
  HOME=$work NO_PROXY='*' $session sh -c "$SESSION" "$work/$place" "$name" "$limit" \
    "$ROOT/proc/uptime" nice $kubectl --kubeconfig="$ROOT$config" \
    ${server:+"--server=$server"} --cache-dir="$work/cache" "$@"
  [ -s "$work/$place.answer" ] || echo "E $name it could not be asked" >"$work/$place.answer"
  head -c "$MAX_COMPLAINT_BYTES" "$work/$place.complaints" |
    awk -v name="$name" "$COMPLAINTS" >>"$work/$place.answer"
} 2>/dev/null

# Runs a command for so many seconds and writes an `L` line. Where there is `setsid`, this is the leader
# of a session: at its end it kills all of it, what kubectl has started included, and itself.
#
# $0: the path of its files, without their endings. $1: the request's name. $2: seconds. $3: where the
# time since the boot stands. The others: the command.
#
# While the file .session is there, the number in it belongs to this process and to no other.
SESSION='
  name=$1 limit=$2 clock=$3
  shift 3
  trap "kill -KILL \$command; end; exit 1" HUP INT TERM
  end() {
    kill "$limiter"
    kill -KILL "-$$"
  }

  echo "$$" >"$0.session" || exit
  read -r start _ <"$clock"
  "$@" 2>"$0.complaints" &
  command=$!
  (
    trap "kill \$!" TERM
    sleep "$limit" &
    wait "$!" && kill -KILL "$command"
  ) >/dev/null &
  limiter=$!
  wait "$command"
  status=$?
  read -r now _ <"$clock"
  case $status in 137 | 143) status=124 ;; esac
  echo "L $name $start $now $status" >"$0.answer"
  rm -f "$0.session"
  end
'

# Ends the sessions in the directory $0, and removes it. It is renamed first: what has not begun to ask
# finds no place for its file, and ends.
END_SESSIONS='
  mv "$0" "$0.ended" || exit
  for file in "$0.ended"/*.session; do
    read -r leader <"$file" || continue
    kill "$leader"
    kill -KILL "-$leader"
  done
  rm -rf "$0.ended" || { sleep 1 && rm -rf "$0.ended"; }
'

# Waits until the script, the process $1, has ended. It may be killed with everything in its process
# group, so what cleans up after it has a session of its own.
WAIT_FOR_SCRIPT='
  waited=0
  while [ "$waited" -lt 90 ] && kill -0 "$1"; do
    sleep 1
    waited=$((waited + 1))
  done
'

# Sets `kubectl` to the words that start it, however kubeadm, RKE2 or k3s installed it.
find_kubectl() {
  for kubectl in kubectl "$ROOT/usr/local/bin/kubectl" "$ROOT/usr/bin/kubectl" \
    "$ROOT/var/lib/rancher/rke2/bin/kubectl" k3s "$ROOT/usr/local/bin/k3s"; do
    [ -x "$(command -v "$kubectl")" ] || continue
    case $kubectl in *k3s) kubectl="$kubectl kubectl" ;; esac
    return 0
  done
  return 1
}

# Prints the URL of this master's own API server where kubeadm's manifest tells it: admin.conf names
# the load balancer, behind which any master may answer.
own_server() {
  awk '
    /^ *#/ { next }
    match($0, /--advertise-address=[0-9A-Fa-f.:]+/) { host = substr($0, RSTART + 20, RLENGTH - 20) }
    match($0, /--secure-port=[0-9]+/) { port = substr($0, RSTART + 14, RLENGTH - 14) }
    END {
      if (host ~ /:/) host = "[" host "]"
      if (host != "") print "https://" host ":" (port == "" ? 6443 : port)
    }' "$ROOT/etc/kubernetes/manifests/kube-apiserver.yaml" 2>/dev/null
}

# The aggregated APIs of an APIServiceList: those with a service behind them. Prints `<place> <path>`
# of each, and an `E` line where some are left out. Nothing of the server goes further that is not a
# plain name. Text between two braces is read at a time, so time and memory grow with the list alone.
AGGREGATED_APIS='
  BEGIN { RS = "{" }

  { last = $0 }
  in_service { add(spec last) }
  { in_service = 0 }
  length(last) < length("\"spec\":") { in_spec = 0; next }
  in_spec && last ~ /"service":[ \n]*$/ { in_service = 1; spec = last }
  { in_spec = last ~ /"spec":[ \n]*$/ }

  END {
    if (found > max) print "E apis " found - max " of " found " were not asked"
    if (last !~ /[}][ \n]*$/) print "E apis their list was cut"
  }

  function add(spec,    path) {
    if (!match(spec, /"group":[ \n]*"[a-z0-9.-]+"/)) return
    path = "/apis/" name_in(spec)
    if (!match(spec, /"version":[ \n]*"[a-z0-9]+"/)) return
    path = path "/" name_in(spec)
    if (length(path) > 200 || path in known) return
    known[path] = 1
    if (++found <= max) print 99 + found, path
  }

  function name_in(spec) {
    spec = substr(spec, RSTART, RLENGTH - 1)
    sub(/.*"/, "", spec)
    return spec
  }
'

# The first two things that kubectl complained of, without the times and places of its log.
COMPLAINTS='
  {
    sub(/^[EFIW][0-9]+ [0-9:.]+ +[0-9]+ [a-z_]+\.go:[0-9]+\] /, "")
    gsub(/[^ -~]/, "?")
    if (/^ *$/ || $0 in told) next
    told[$0] = 1
    print "E " name " " substr($0, 1, 160)
    if (++count == 2) exit
  }
'

# The nodes of kubectl's table, a few on a line. A row that was cut lacks columns, and is left out. Of a long
# table, how many nodes it has and the sum of their names' hashes. No product reaches 2^53, up to where every
# awk is exact.
NODE_NAMES='
  BEGIN { LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.-"; PRIME = 1073741789 }
  NR > 1 && NF >= 5 && length($1) < 254 && $1 ~ /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/ {
    name[++count] = $1
  }
  END {
    if (count > whole) { print "T " count " " sum(); exit }
    for (i = 1; i <= count; i++) {
      if (line != "" && length(line) + length(name[i]) > 160) { print "K" line; line = "" }
      line = line " " name[i]
    }
    if (line != "") print "K" line
  }

  function sum(    i, j, h, total) {
    for (i = 1; i <= count; i++) {
      h = length(name[i])
      for (j = 1; j <= length(name[i]); j++)
        h = (257 * h + index(LETTERS, substr(name[i], j, 1))) % PRIME
      total = (total + h * (1 + h % 4194301) % PRIME) % PRIME
    }
    return total
  }
'

# Leaves out the complaints and names for which there is no room, and then figures.
FIT='
  BEGIN { max -= 60 }
  { lines[NR] = $0 }
  END {
    for (i = 1; i <= NR; i++) if (lines[i] ~ /^L /) left_out += !take(i)
    for (i = 1; i <= NR; i++) if (lines[i] !~ /^L /) take(i)
    for (i = 1; i <= NR; i++) if (i in taken) print lines[i]
    if (left_out) print "E apis there was no room for " left_out " figures"
  }

  function take(i) {
    if (used + length(lines[i]) + 1 > max) return 0
    used += length(lines[i]) + 1
    return taken[i] = 1
  }
'
