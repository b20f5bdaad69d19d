# The tables in full, page by page: the checker asks for them where it cannot explain a digest.

MAX_PAGES=999

# An answer to a page that is longer is packed.
MAX_UNPACKED_BYTES=2000

# Prints the tables. $1: the page to print, as `k/n` with k from 0; empty for the whole tables.
tables() {
  if [ -z "$1" ]; then
    page_of_tables
  elif is_page "$1"; then
    sealed=$(page_of_tables "${1%/*}" "${1#*/}") && pack "$sealed"
  else
    complain "no page: $1"
  fi
}

# $1: the number of the page. $2: how many pages there are. Both are empty for the whole tables.
page_of_tables() {
  { identity && facts && printed_tables; } |
    normalise tables "$PAGE" -v page="$1" -v pages="$2"
}

is_page() {
  # A longer number would be more than the shell can compare.
  [ "${#1}" -le $((2 * ${#MAX_PAGES} + 1)) ] && is_number "${1%/*}" && is_number "${1#*/}" &&
    [ "${1#*/}" -le "$MAX_PAGES" ] && [ "${1%/*}" -lt "${1#*/}" ]
}

# shellcheck disable=SC2016 # The $ are awk's.
PAGE='
  function emit(kind, dev, key, value, detail) {
    if (is_shown(kind, dev, key)) put(record(kind, dev, key, value, detail))
  }

  # Whether the record belongs on this page: an entry stands on one of them, all else on each.
  function is_shown(kind, dev, key) {
    if (kind == "C") return pages > 0
    if (kind !~ /^[NFR]$/ || pages < 2) return 1
    return position_of(table_of(kind, dev), key) % pages == page
  }
'

# Prints an answer: the gzip of it in base64 if it is long and this host can pack it, else as it is.
pack() {
  if [ "${#1}" -ge "$MAX_UNPACKED_BYTES" ] &&
    command -v gzip >/dev/null && command -v base64 >/dev/null &&
    packed=$(printf '%s\n' "$1" | $bounded gzip -9 | $bounded base64) && [ -n "$packed" ]; then
    printf '%s\n' "$MARK packed" "$packed" "$MARK unpack"
  else
    printf '%s\n' "$1"
  fi
}
