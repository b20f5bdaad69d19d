# The list of nodes, as this master's own API server knows it, and the DaemonSets of its CNI.
#
# It is read without discovery, which may hang for as long as `kubectl get nodes` does, and from the API
# server's own cache, so that etcd is not asked. Its 80 MB at 5,000 nodes go through a pipe into awk.

NODES=/api/v1/nodes
DAEMONSETS=/apis/apps/v1/daemonsets
NODES_SECONDS=20
DAEMONSETS_SECONDS=5

# CPU time of each program that has to do with a list, and memory of awk. Busybox is four times as slow
# as others: it needs 6 s for 5,000 nodes.
LIST_CPU_SECONDS=3
BUSYBOX_CPU_SECONDS=7
LIST_KBYTES=262144

# Up to so many nodes, all of them stand behind the answer to `nodes`.
WHOLE_LIST_NODES=50

# Answers `nodes` with the checksums of the list. Behind this answer stands one to `nodes-part`: with all
# nodes where the list is short, else with the checksums of its leaves. Who reads no more than the beginning
# has the checksums of the buckets whole.
nodes() {
  printed=$(list_nodes nodes '')
  part=${printed#*"$newline@part"}
  checksums=${printed%%"$newline@part"*}
  seal nodes "$checksums" || return
  [ "$part" = "$printed" ] || nodes_part_of "$checksums$part"
}

# Answers `nodes-part` with the nodes of some buckets or leaves. $1: their numbers, separated by commas; of
# leaves, how many there are follows behind a slash.
nodes_part() {
  case $1 in '' | *[!0-9,/]*) complain "no buckets: $1" && return 1 ;; esac
  printed=$(list_nodes nodes-part "$1" | sed '/^@part$/d')
  nodes_part_of "$printed"
}

nodes_part_of() {
  sealed=$(printf '%s\n' "$1" | grep -v '^daemonset ' | seal nodes-part -) && pack "$sealed"
}

# Prints an answer. $1: the action. $2: its records; `-` for those on standard input.
seal() {
  { if [ "$2" = - ]; then cat; else printf '%s\n' "$2"; fi && echo @complete; } |
    awk -v action="$1" "$ENVELOPE"
}

# Prints the records of the answer, and behind a line `@part` those of nodes. $1: the action. $2: the
# buckets of which nodes are wanted.
list_nodes() (
  identity
  begin_requests "$NODES" || exit 0
  list_cpu_seconds=$LIST_CPU_SECONDS reader=awk whole=0
  case $(awk --help 2>&1 </dev/null) in
    *BusyBox*) list_cpu_seconds=$BUSYBOX_CPU_SECONDS reader=busybox ;;
  esac
  read_list 0 "$NODES" "$NODES_SECONDS" "$LIST$NODE_LIST" >"$work/nodes" &
  requests=$!
  if [ "$1" = nodes ]; then
    whole=$WHOLE_LIST_NODES
    read_list 1 "$DAEMONSETS" "$DAEMONSETS_SECONDS" "$LIST$DAEMONSET_LIST" >"$work/daemonsets" &
    requests="$requests $!"
  fi
  wait_for_requests
  awk -v wanted="$2" -v whole="$whole" -v reader="$reader" "$NODE_CHECKSUMS" "$work/nodes" >"$work/part"
  {
    sed -n '/^checksums /p' "$work/part"
    cat "$work"/*.answer "$work/daemonsets"
    if [ ! -s "$work/part" ]; then echo "E $NODES the list did not come whole"; fi
  } 2>/dev/null | awk -v max="$MAX_LATENCY_BYTES" "$FIT"
  sed '/^checksums /d' "$work/part"
  end_requests
)

# Asks for a list, and has awk read it. $1: its place in the answer. $2: its path. $3: seconds that it may
# take. $4: the program.
read_list() {
  file=$work/$1.answer
  # shellcheck disable=SC3045 # dash, bash and busybox have these limits.
  (
    ulimit -t "$LIST_CPU_SECONDS"
    request "$1" "$2" "$3" get --raw "$2?resourceVersion=0"
  ) | (
    ulimit -t "$list_cpu_seconds"
    ulimit -v "$LIST_KBYTES"
    exec nice awk "$4"
  )
  # The signal that ends what takes too long.
  if [ "$?" -gt 128 ]; then echo "E $2 it took more CPU time than it may" >>"$file"; fi
} 2>/dev/null
