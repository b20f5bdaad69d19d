# Reads what node-list.awk printed, in any order, and prints the record `checksums` (wire.ts). Behind it
# and a line `@part` it prints the nodes of the buckets in `wanted`, which are separated by commas, or of the
# leaves in it where a slash and `NODE_LEAVES` follow. Where nothing is wanted, it prints all nodes if there
# are no more than `whole`, else the record `leaves`. Prints nothing if the list did not end.
#
# A name hashes to a bucket, whose checksum is the sum of the hashes of its lines. No number
# reaches 2^53, up to where every awk is exact: h = (257 h + byte) mod 1073741789 from the length on, two
# bytes at a time, and at the end h (1 + h mod 4194301), so that two nodes cannot exchange values unseen.

BEGIN {
  NODE_BUCKETS = 64; NODE_LEAVES = 4096; PRIME = 1073741789; TWIST = 4194301
  DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  for (i = 32; i < 127; i++) byte[sprintf("%c", i)] = i
  split(wanted, asked, "/")
  places = asked[2] == NODE_LEAVES ? NODE_LEAVES : NODE_BUCKETS
  count = split(asked[1], place, ",")
  for (i = 1; i <= count; i++) is_wanted[place[i]] = 1
}

/[^ -~]/ { refused = 1; exit }
$1 == "end" { ended++; version = $2; count = $3; next }
$1 == "node" || $1 == "unknown" {
  at = hash($2) % NODE_LEAVES
  sum[at] = (sum[at] + hash($0)) % PRIME
  if (at % places in is_wanted || lines < whole) line[++lines] = $0
  next
}
{ refused = 1; exit }

END {
  if (refused || ended != 1) exit
  for (i = 0; i < NODE_LEAVES; i++) {
    at = i % NODE_BUCKETS
    total[at] = (total[at] + sum[i]) % PRIME
  }
  for (i = 0; i < NODE_BUCKETS; i++) text = text digits(total[i], 5)
  print "checksums " version " " count " " reader " " text
  print "@part"
  if (wanted == "" && count > whole) {
    printf "leaves "
    for (i = 0; i < NODE_LEAVES; i++) printf "%s", digits(sum[i] + 0, 4)
    print ""
    exit
  }
  for (i = 1; i <= lines; i++) print line[i]
}

function hash(text,    h, size, i, pair) {
  size = length(text)
  h = size
  for (i = 1; i < size; i += 2) {
    pair = substr(text, i, 2)
    if (!(pair in number)) number[pair] = 257 * byte[substr(pair, 1, 1)] + byte[substr(pair, 2, 1)]
    h = (66049 * h + number[pair]) % PRIME
  }
  if (i == size) h = (257 * h + byte[substr(text, size)]) % PRIME
  return h * (1 + h % TWIST) % PRIME
}

# The last digits of a sum.
function digits(h, count,    text, i, low) {
  for (i = 0; i < count; i++) {
    low = h % 64
    text = substr(DIGITS, low + 1, 1) text
    h = (h - low) / 64
  }
  return text
}
