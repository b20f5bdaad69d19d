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

    function emit(record,    count, i, word) {
      count = split(record, word, " ")
      if (word[1] == "D" || word[1] == "A") {
        print record
        return
      }
      for (i = 3; i <= count; i++) {
        if (!(word[i] in is_wanted)) continue
        print record
        evidence()
        return
      }
    }

    function evidence() {
      gsub(/\t/, " ", printed)
      if (++lines <= MAX_EVIDENCE_LINES) print "V " table " " substr(printed, 1, MAX_EVIDENCE_BYTES)
    }'
}
