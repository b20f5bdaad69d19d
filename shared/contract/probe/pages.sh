# The tables in full, by pages: for a host whose digest cannot be explained.

# A longer answer to a page is packed.
MAX_UNPACKED_BYTES=2000

# Prints what this host holds: the entries of page `k/n`, or, unless one is asked for, all of it.
tables() {
  if [ -z "$1" ]; then
    page_of_tables
  elif is_page "$1"; then
    sealed=$(page_of_tables "${1%/*}" "${1#*/}") && pack "$sealed"
  else
    complain "no page: $1"
  fi
}

# $1: the number of the page. $2: how many there are. Without them there is one, the whole.
page_of_tables() {
  { identity && facts && printed_tables; } |
    awk -v action=tables -v profile="$device_profile" -v page="$1" -v pages="$2" "$SYMBOLS$PAGE$NORMALISE$ENVELOPE"
}

is_page() {
  [ "${#1}" -le 7 ] && is_number "${1%/*}" && is_number "${1#*/}" && [ "${1%/*}" -lt "${1#*/}" ]
}

# shellcheck disable=SC2016 # The $ are awk's.
PAGE='
  function emit(kind, dev, key, value, detail) {
    if (is_shown(kind, dev, key)) put(record(kind, dev, key, value, detail))
  }

  function is_shown(kind, dev, key) {
    if (kind == "L") return pages > 0
    if (kind !~ /^[NFR]$/ || pages < 2) return 1
    return place_of(table_of(kind, dev), key) % pages == page
  }
'

# Prints an answer as it is, or its gzip in base64 if it is long and can be packed.
pack() {
  if [ "${#1}" -ge "$MAX_UNPACKED_BYTES" ] &&
    command -v gzip >/dev/null && command -v base64 >/dev/null &&
    packed=$(printf '%s\n' "$1" | $bounded gzip -9 | $bounded base64) && [ -n "$packed" ]; then
    printf '%s\n' 'vtepwatch 1 packed' "$packed" 'vtepwatch 1 unpack'
  else
    printf '%s\n' "$1"
  fi
}
