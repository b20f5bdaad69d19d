# The latency: how long this master's own API server takes to answer kubectl.
#
# Everything is bounded well below the time that the agent leaves the script, and kubectl keeps its
# cache in a directory of its own, so that each answer comes from the server and none stays behind.

GET_NODES_SECONDS=60
REQUEST_SECONDS=10

# A page waits for these, between its two looks.
PAGED_REQUEST_SECONDS=8

# No aggregated API is asked any more after this long: with the requests before and the one under
# way that makes 60 s as well.
AGGREGATED_SECONDS=40
MAX_AGGREGATED=8

# For each file that kubectl writes; 512 bytes each.
MAX_FILE_BLOCKS=32768

# An answer must fit in 2,500 bytes with its envelope. Complaints give way to figures.
MAX_LATENCY_BYTES=2000

# Prints `L <request> <start> <end> <exit>` for each request, `E <request> <text>` for what kubectl
# complained of, and `K <name>...` for the nodes that it listed, as far as there is room. Prints
# nothing on a host that is no master. $1: `latency`, or `apis` for all but the list of nodes.
latency() (
  config=$(admin_kubeconfig) || exit 0
  find_kubectl || { echo 'E get-nodes no kubectl on this host' && exit 0; }
  work=$(mktemp -d "${TMPDIR:-/tmp}/vtepwatch.XXXXXX" 2>/dev/null) ||
    { echo 'E get-nodes no directory for temporary files' && exit 0; }
  started=
  trap 'end_started; rm -rf "$work"; exit 1' HUP INT TERM
  ulimit -f "$MAX_FILE_BLOCKS"
  find_limiter
  server=$(own_server)

  own=$(exec sh -c 'echo "$PPID"')
  end_with_script "$own" &
  guard=$!
  started=$guard
  if [ "$1" = latency ]; then
    request 0 get-nodes "$GET_NODES_SECONDS" get nodes &
    started="$started $!"
  else
    REQUEST_SECONDS=$PAGED_REQUEST_SECONDS
  fi
  ready &
  started="$started $!"
  aggregated &
  started="$started $!"
  # shellcheck disable=SC2086 # Process ids are to become words.
  wait ${started#* }
  kill "$guard"

  {
    cat "$work"/?.answer
    if [ "$1" = latency ]; then awk "$NODE_NAMES" "$work/0.output"; fi
  } | awk -v max="$MAX_LATENCY_BYTES" "$FIT"
  rm -rf "$work"
)

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

# Sets `limiter` to the words that kill a command after a number of seconds. In the foreground, so
# that the command stays in the process group that the agent kills.
find_limiter() {
  if timeout --foreground 9 true 2>/dev/null; then
    limiter='timeout --foreground -s KILL'
  elif timeout 9 true 2>/dev/null; then
    limiter='timeout -s KILL'
  else
    limiter=
  fi
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

# Ends what this shell has started, and waits until it is gone.
end_started() {
  # shellcheck disable=SC2086 # Process ids are to become words.
  kill $started 2>/dev/null
  wait
}

# Ends the process $1 when the script itself is gone: it may be killed while a part of it waits.
end_with_script() {
  while kill -0 $$; do sleep 1; done
  kill "$1"
} >/dev/null 2>&1

# Before Kubernetes 1.16 there is no /readyz, and /healthz says as much.
ready() {
  request 1 /readyz "$REQUEST_SECONDS" get --raw /readyz
  if grep -q NotFound "$work/1.complaints"; then
    request 1 /readyz "$REQUEST_SECONDS" get --raw /healthz
  fi
}

# Asks each aggregated API for what `get nodes` asks it for, one after the other.
aggregated() {
  begin=$(seconds_up)
  ask "$REQUEST_SECONDS" get --raw /apis/apiregistration.k8s.io/v1/apiservices \
    >"$work/apiservices" 2>/dev/null
  awk -v max="$MAX_AGGREGATED" "$AGGREGATED_PATHS" "$work/apiservices" >"$work/paths"
  place=2
  while read -r path; do
    now=$(seconds_up)
    [ $((${now%.*} - ${begin%.*})) -lt "$AGGREGATED_SECONDS" ] || break
    request "$place" "$path" "$REQUEST_SECONDS" get --raw "$path"
    place=$((place + 1))
  done <"$work/paths"
}

# Prints the seconds since the host was booted, with two decimals.
seconds_up() {
  read -r seconds _ <"$ROOT/proc/uptime"
  echo "$seconds"
}

# Asks and writes what is to be printed of it. $1: its place in the answer. $2: the request's name.
# $3: seconds that it may take. The others: what kubectl is to do.
request() {
  place=$1
  name=$2
  limit=$3
  shift 3
  start=$(seconds_up)
  ask "$limit" "$@" >"$work/$place.output" 2>"$work/$place.complaints"
  status=$?
  end=$(seconds_up)
  {
    echo "L $name $start $end $status"
    awk -v name="$name" "$COMPLAINTS" "$work/$place.complaints"
  } >"$work/$place.answer"
}

# Runs kubectl for at most $1 seconds against this master's own API server; 124 if that ended it.
ask() {
  trap 'end_started; exit 1' HUP INT TERM
  limit=$1
  shift
  # kubectl before 1.18 keeps a part of its cache in its home, whatever --cache-dir says.
  # shellcheck disable=SC2086 # Commands are to become words.
  HOME=$work NO_PROXY='*' nice ${limiter:+$limiter $limit} $kubectl --kubeconfig="$ROOT$config" \
    ${server:+"--server=$server"} --cache-dir="$work/cache" "$@" &
  child=$!
  started=$child
  if [ -z "$limiter" ]; then
    kill_after "$limit" "$child" &
    started="$child $!"
  fi
  # Some shells would tell kubectl's complaints that a signal ended it.
  wait "$child" 2>/dev/null
  status=$?
  # shellcheck disable=SC2086 # What limits the command ends with it.
  if [ -z "$limiter" ]; then kill ${started#* } 2>/dev/null; fi
  case $status in 137 | 143) status=124 ;; esac
  return "$status"
}

kill_after() {
  waited=0
  while [ "$waited" -lt "$1" ]; do
    sleep 1
    kill -0 "$2" || return
    waited=$((waited + 1))
  done
  kill -KILL "$2"
} >/dev/null 2>&1

# The paths of the aggregated APIs in an APIServiceList: those with a service behind them. Nothing of
# the server goes further that is not a plain name.
AGGREGATED_PATHS='
  { text = text $0 }
  END {
    count = split(text, specs, /"spec": *[{]/)
    for (i = 2; i <= count && found < max; i++) {
      spec = specs[i]
      sub(/"status": *[{].*/, "", spec)
      if (spec !~ /"service": *[{]/) continue
      group = field("group", spec)
      version = field("version", spec)
      if (!is_name(group) || !is_name(version)) continue
      print "/apis/" group "/" version
      found++
    }
  }
  function field(name, spec) {
    if (!match(spec, "\"" name "\": *\"[^\"]*\"")) return ""
    spec = substr(spec, RSTART, RLENGTH - 1)
    sub(/.*"/, "", spec)
    return spec
  }
  function is_name(text) { return text ~ /^[a-z0-9.-]+$/ && length(text) <= 100 }
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

# The nodes of kubectl's table, a few on a line.
NODE_NAMES='
  NR > 1 && $1 ~ /^[a-z0-9][a-z0-9.-]*$/ {
    if (length(line) + length($1) > 160) { print "K" line; line = "" }
    line = line " " $1
  }
  END { if (line != "") print "K" line }
'

# Leaves out the complaints and names for which there is no room.
FIT='
  { lines[NR] = $0 }
  /^L / { used += length($0) + 1 }
  END {
    for (i = 1; i <= NR; i++) {
      if (lines[i] !~ /^L /) {
        if (used + length(lines[i]) + 1 > max) continue
        used += length(lines[i]) + 1
      }
      print lines[i]
    }
  }
'
