# The answer: the payload of an action between two marks, of which the second carries its length and
# checksum. An answer that was cut on its way lacks the second mark, and is no answer.

# $1: the action. $2: what the action `entries` looks for, or the page of `tables`.
answer() {
  case $1 in
    digest | tables | entries) give_way && "$1" "$2" ;;
    # In their turn, so that the figures are those that a person would see.
    latency | apis)
      { identity && "$1" && echo @complete; } | awk -v action="$1" "$ENVELOPE"
      ;;
    *) false ;;
  esac || complain "no whole answer: $1"
}

# The host has better things to do.
give_way() { renice -n 10 -p $$ >/dev/null 2>&1 || true; }

complain() {
  echo "vtepwatch: $1" >&2
  return 1
}

# Comes last in the awk program of an action. The others make the payload, by put(line), of the lines
# that they understand; what they leave goes in as it is.
#
# The checksum: h = (257 h + byte) mod 1073741789, two bytes at a time, because 257 * 257 * h is
# still below 2^53, up to where every awk is exact.
# shellcheck disable=SC2016 # The $ are awk's.
ENVELOPE='
  BEGIN {
    MAX_PAYLOAD_BYTES = 1048576
    print "vtepwatch 1 begin " action
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
        value[pair] = 257 * byte[substr(pair, 1, 1)] + byte[substr(pair, 2, 1)]
      h = (66049 * h + value[pair]) % 1073741789
    }
    if (i == size) h = (257 * h + 10) % 1073741789
  }

  function refuse(reason) {
    print "vtepwatch: " reason | "cat >&2"
    complete = 0
    exit 1
  }

  END {
    if (!complete) exit 1
    print "vtepwatch 1 end " bytes " " h
  }
'

# The service puts the parameters here, each held to a pattern that lets no quote through.
device_profile='{{ DeviceProfile }}'
kubeconfig_paths='{{ KubeconfigPaths }}'
if answer '{{ Action }}' '{{ Wanted }}'; then exit 0; else exit 1; fi
