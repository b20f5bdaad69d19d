# The tables in full, by pages, and how a long answer is packed.

# An answer longer than this is packed.
MAX_UNPACKED_BYTES=2000

# Prints what this host holds: all of it, or the entries of a page `k/n`. $1: the page, or nothing.
tables() {
  is_page "${1:-0/1}" || return 1
  facts
  inspect_ip
  printf 'tools %s %s\n' "$ip_kind" "$ip_version"
  printed_tables | awk -v page="${1%/*}" -v pages="${1#*/}" "$SYMBOLS$NORMALISE"'
    function emit(kind, dev, key, value, detail) {
      if (is_shown(kind, dev, key)) print record(kind, dev, key, value, detail)
    }
    function is_shown(kind, dev, key) {
      if (kind == "L") return pages != ""
      if (kind !~ /^[NFR]$/ || pages < 2) return 1
      return place_of(table_of(kind, dev), key) % pages == page
    }'
}

is_page() {
  is_number "${1%/*}" && is_number "${1#*/}" && [ "${#1}" -le 7 ] && [ "${1%/*}" -lt "${1#*/}" ]
}

# Prints an answer as it is if it is short or cannot be packed, else its gzip in base64.
pack() {
  if [ "${#1}" -ge "$MAX_UNPACKED_BYTES" ] && command -v gzip base64 >/dev/null &&
    packed=$(printf '%s\n' "$1" | bounded gzip -9 | bounded base64) && [ -n "$packed" ]; then
    printf '%s\n' 'vtepwatch 1 packed' "$packed" 'vtepwatch 1 unpack'
  else
    printf '%s\n' "$1"
  fi
}
