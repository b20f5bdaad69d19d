# The answer: the records of an action between two lines, of which the second has the length and the
# checksum of what lies between. An answer that was cut on its way lacks that line, and is no answer.
# wire.ts has the grammar of all records.

# Begins the first and the last line of an answer.
MARK='vtepwatch 1'

# $1: the action. $2: whom the action `digest` or `packets` tries, what `entries` looks for, the page of
# `tables`, or the buckets or leaves of `nodes-part`.
answer() {
  case $1 in
    digest | tables | entries | packets | nodes) give_way && "$1" "$2" ;;
    nodes-part) give_way && nodes_part "$2" ;;
    # These measure how long a person would wait, and so keep their priority.
    latency | apis)
      { identity && "$1" && echo @complete; } | awk -v action="$1" "$ENVELOPE"
      ;;
    *) false ;;
  esac || complain "no whole answer: $1"
}

# Lowers the priority of this script: the programs of this host come first.
give_way() { renice -n 10 -p $$ >/dev/null 2>&1 || true; }

complain() {
  echo "vtepwatch: $1" >&2
  return 1
}

# The last part of the awk program of every action. The parts before it read the lines that they
# understand and print records with put(line). All other lines become part of the answer as they are.
#
# The checksum is h = (257 h + byte) mod 1073741789. It takes two bytes at a time: 257 * 257 * h stays
# below 2^53, up to where every awk is exact.
# shellcheck disable=SC2016 # The $ are awk's.
ENVELOPE='
  BEGIN {
    MARK = "'"$MARK"'"
    MAX_PAYLOAD_BYTES = 1048576
    FACTOR = 257; MODULUS = 1073741789; SQUARE = FACTOR * FACTOR
    print MARK " begin " action
    for (i = 32; i < 127; i++) byte[sprintf("%c", i)] = i
    byte["\n"] = 10
  }

  $0 == "@complete" { complete = 1; next }
  { put($0) }

  function put(line,    size, i, pair) {
    line = line "\n"
    size = length(line)
    bytes += size
    if (line ~ /[^\n -~]/) refuse("the payload is not printable ASCII")
    if (bytes > MAX_PAYLOAD_BYTES) refuse("the payload is longer than " MAX_PAYLOAD_BYTES " bytes")
    printf "%s", line
    for (i = 1; i < size; i += 2) {
      pair = substr(line, i, 2)
      if (!(pair in value))
        value[pair] = FACTOR * byte[substr(pair, 1, 1)] + byte[substr(pair, 2, 1)]
      h = (SQUARE * h + value[pair]) % MODULUS
    }
    if (i == size) h = (FACTOR * h + byte["\n"]) % MODULUS
  }

  function refuse(reason) {
    print "vtepwatch: " reason | "cat >&2"
    complete = 0
    exit 1
  }

  END {
    if (!complete) exit 1
    print MARK " end " bytes " " h
  }
'

# Systems Manager puts the parameters here, as text. The pattern of each lets no quote through.
device_profile='{{ DeviceProfile }}'
kubeconfig_paths='{{ KubeconfigPaths }}'
packets='{{ Packets }}'
if answer '{{ Action }}' '{{ Wanted }}'; then exit 0; else exit 1; fi
