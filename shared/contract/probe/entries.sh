# The second look: only the entries that hold a wanted address, each with the line it is from, as
# evidence for the page.

# $1: tunnel IPs, VTEP MACs and pod CIDRs, separated by commas.
entries() {
  inspect_ip
  printed_tables | awk -v wanted="$1" "$NORMALISE"'
    BEGIN {
      MAX_EVIDENCE_LINES = 200
      MAX_EVIDENCE_BYTES = 200
      count = split(wanted, list, ",")
      for (i = 1; i <= count; i++) is_wanted[list[i]] = 1
    }

    function emit(kind, dev, key, value, detail) {
      if (kind == "L") return
      if (kind ~ /^[DA]$/) {
        print record(kind, dev, key)
      } else if (key in is_wanted || value in is_wanted) {
        print record(kind, dev, key, value, detail)
        evidence()
      }
    }

    function evidence() {
      gsub(/\t/, " ", printed)
      if (++lines <= MAX_EVIDENCE_LINES) print "V " table " " substr(printed, 1, MAX_EVIDENCE_BYTES)
    }'
}
