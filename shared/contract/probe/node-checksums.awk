# Reads what node-list.awk printed, in any order, and prints the record `checksums` (wire.ts). Behind it
# and a line `@part` it prints the nodes of the buckets in `wanted`, which are separated by commas; or,
# where `whole` is set, all nodes if there are no more than that. Prints nothing if the list did not end.
#
# A name hashes to a bucket, whose checksum is the sum of the hashes of its lines. No number
# reaches 2^53, up to where every awk is exact: h = (257 h + byte) mod 1073741789 from the length on, two
# bytes at a time, and at the end h (1 + h mod 4194301), so that two nodes cannot exchange values unseen.

BEGIN {
  NODE_BUCKETS = 64; PRIME = 1073741789; TWIST = 4194301
  DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  for (i = 32; i < 127; i++) byte[sprintf("%c", i)] = i
  count = split(wanted, bucket, ",")
  for (i = 1; i <= count; i++) is_wanted[bucket[i]] = 1
}

/[^ -~]/ { refused = 1; exit }
$1 == "end" { ended++; version = $2; count = $3; next }
$1 == "node" || $1 == "unknown" {
  at = hash($2) % NODE_BUCKETS
  sum[at] = (sum[at] + hash($0)) % PRIME
  if (at in is_wanted || lines < whole) line[++lines] = $0
  next
}
{ refused = 1; exit }

END {
  if (refused || ended != 1) exit
  for (i = 0; i < NODE_BUCKETS; i++) text = text digits(sum[i] + 0)
  print "checksums " version " " count " " reader " " text
  if (wanted == "" && count > whole) exit
  print "@part"
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

function digits(h,    text, i, low) {
  for (i = 0; i < 5; i++) {
    low = h % 64
    text = substr(DIGITS, low + 1, 1) text
    h = (h - low) / 64
  }
  return text
}
