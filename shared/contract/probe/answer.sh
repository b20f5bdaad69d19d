# The answer: the payload of an action between two marks, of which the second carries its length and
# checksum. An answer that was cut on its way lacks the second mark, and is no answer.

MAX_PAYLOAD_BYTES=1048576

# $1: the action. $2: what the action `entries` looks for, or the page of `tables`.
answer() {
  if ! payload=$(identity && act "$1" "$2"); then
    complain "the action failed: $1"
  elif [ "${#payload}" -gt "$MAX_PAYLOAD_BYTES" ]; then
    complain "the payload is longer than $MAX_PAYLOAD_BYTES bytes"
  elif ! sealed=$(printf '%s\n' "$payload" | awk -v action="$1" "$ENVELOPE"); then
    complain 'the payload is not printable ASCII'
  elif [ "$1" = tables ] && [ -n "$2" ]; then
    pack "$sealed"
  else
    printf '%s\n' "$sealed"
  fi
}

act() {
  case $1 in
    digest) give_way && digest ;;
    tables) give_way && tables "$2" ;;
    entries) give_way && entries "$2" ;;
    # In their turn, so that the figures are those that a person would see.
    latency | apis) latency "$1" ;;
    *) return 1 ;;
  esac
}

# The host has better things to do.
give_way() { renice -n 10 -p $$ >/dev/null 2>&1 || true; }

complain() {
  echo "vtepwatch: $1" >&2
  return 1
}

# The checksum: h = (257 h + byte) mod 1073741789, two bytes at a time, because 257 * 257 * h is
# still below 2^53, up to where every awk is exact.
# shellcheck disable=SC2016 # The $ are awk's.
ENVELOPE='
  BEGIN {
    print "vtepwatch 1 begin " action
    for (i = 32; i < 127; i++) byte[sprintf("%c", i)] = i
    byte["\n"] = 10
  }
  /[^ -~]/ { refused = 1; exit }
  {
    print
    line = $0 "\n"
    size = length(line)
    bytes += size
    for (i = 1; i < size; i += 2) {
      pair = substr(line, i, 2)
      if (!(pair in value))
        value[pair] = 257 * byte[substr(pair, 1, 1)] + byte[substr(pair, 2, 1)]
      h = (66049 * h + value[pair]) % 1073741789
    }
    if (i == size) h = (257 * h + 10) % 1073741789
  }
  END {
    if (refused) exit 1
    print "vtepwatch 1 end " bytes " " h
  }
'

# The service puts the parameters here, each held to a pattern that lets no quote through.
if answer '{{ Action }}' '{{ Wanted }}'; then exit 0; else exit 1; fi
