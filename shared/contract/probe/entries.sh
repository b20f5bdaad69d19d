# The second look: the entries that hold one of the wanted addresses, each with the line that `ip` or
# `bridge` printed, as evidence for the page.

# $1: tunnel IPs, VTEP MACs and pod CIDRs, separated by commas.
entries() {
  { identity && printed_tables; } | normalise entries "$ENTRIES" -v wanted="$1"
}

# shellcheck disable=SC2016 # The $ are awk's.
ENTRIES='
  BEGIN {
    MAX_EVIDENCE_LINES = 200
    MAX_EVIDENCE_BYTES = 200
    count = split(wanted, list, ",")
    for (i = 1; i <= count; i++) is_wanted[list[i]] = 1
  }

  function emit(kind, dev, key, value, detail) {
    if (kind ~ /^([DA]|below)$/) {
      put(record(kind, dev, key))
    } else if (kind ~ /^[NFR]$/ && (key in is_wanted || value in is_wanted)) {
      put(record(kind, dev, key, value, detail))
      evidence()
    }
  }

  function evidence(    line) {
    if (++lines > MAX_EVIDENCE_LINES) return
    line = head $0
    gsub(/\t/, " ", line)
    put("V " table " " substr(line, 1, MAX_EVIDENCE_BYTES))
  }
'
