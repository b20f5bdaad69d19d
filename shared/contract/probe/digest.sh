# The digest: 1,280 characters that stand for the tables, whatever their size.
#
# Each entry becomes a symbol: a position, which follows from its key, and a value hash, which follows
# from its key and value. The digest is sums over all symbols. The checker subtracts what this host
# should hold: all zeros mean that nothing is wrong, and a few missing or wrong entries can be solved
# for, as the unknowns of equations. digest.ts defines the sums, shared/core/digest solves them.

# Prints the digest of the tables of this host, and tries peers then: a lost packet changes a neighbour entry.
# $1: whom to try, as `try_round` takes it.
digest() {
  { identity && facts && raw_tables && try_round "$1"; } | normalise digest "$DIGEST"
}

# The hashes of digest.ts. To fold is to mix words into a hash, one by one.
# shellcheck disable=SC2016 # The $ are awk's.
SYMBOLS='
  BEGIN {
    PRIME = 1073741789; MULTIPLIER = 6700417; TWIST = 4194301
    SEED = 977
    seed["N"] = SEED * 1 + 1; seed["F"] = SEED * 2 + 1; seed["R"] = SEED * 3 + 1; seed["P"] = SEED * 4 + 1
    for (i = 0; i < 256; i++) octet[sprintf("%02x", i)] = i
  }

  # Routes through other devices than the overlay device are direct routes, a table of their own.
  function table_of(kind, dev) { return kind == "R" && !is_overlay(dev) ? "P" : kind }

  # The position of an entry, from its key: the k of its symbol.
  function position_of(kind, key,    part) {
    if (kind == "N") return finish(fold_ip(seed["N"], key))
    if (kind == "F") return finish(fold_mac(seed["F"], key))
    split(key, part, "/")
    if (part[2] > 128) garbled()
    return finish((fold_ip(seed[kind], part[1]) * MULTIPLIER + part[2]) % PRIME)
  }

  function finish(h) { return h * (1 + h % TWIST) % PRIME }

  function fold_mac(h, mac,    size, i) {
    size = length(mac)
    for (i = 1; i + 3 < size; i += 6)
      h = (h * MULTIPLIER + octet[substr(mac, i, 2)] * 256 + octet[substr(mac, i + 3, 2)]) % PRIME
    return i < size ? (h * MULTIPLIER + octet[substr(mac, i, 2)]) % PRIME : h
  }

  # Remembers the address that it split last: the gateway of a flannel route is the address of its
  # destination.
  function fold_ip(h, ip,    part) {
    if (ip ~ /:/) return fold_ipv6(h, ip)
    if (ip != split_ip) {
      split(ip, part, ".")
      high = part[1] * 256 + part[2]
      low = part[3] * 256 + part[4]
      if (high < 65536 && low < 65536) split_ip = ip
      else garbled()
    }
    return ((h * MULTIPLIER + high) % PRIME * MULTIPLIER + low) % PRIME
  }

  function fold_ipv6(h, ip,    i) {
    if (ip != split_ipv6) {
      if (words_of(ip, word) == 8) split_ipv6 = ip
      else garbled()
    }
    for (i = 1; i <= 8; i++) h = (h * MULTIPLIER + word[i]) % PRIME
    return h
  }

  # Sets `word` to the 16-bit words of an address and returns their number: 2 for IPv4, 8 for IPv6,
  # another number for what is no address. The gap of an IPv6 address stands for words of 0.
  function words_of(ip, word,    part, parts, decimal, quartet, quad, zeros, count, i) {
    parts = split(ip, part, ":")
    quad = ip ~ /\./
    zeros = 8 - parts - (quad && parts > 1) + (ip ~ /::/) + (ip ~ /^::/) + (ip ~ /::$/)
    for (i = 1; i <= parts; i++) {
      if (part[i] == "") {
        for (; zeros > 0; zeros--) word[++count] = 0
      } else if (quad && i == parts) {
        split(part[i], decimal, ".")
        word[++count] = decimal[1] * 256 + decimal[2]
        word[++count] = decimal[3] * 256 + decimal[4]
      } else {
        if (length(part[i]) > 4) return 0
        quartet = substr("000" part[i], length(part[i]))
        word[++count] = octet[substr(quartet, 1, 2)] * 256 + octet[substr(quartet, 3)]
      }
    }
    return count
  }
'

# An FDB entry whose MAC no neighbour entry holds waits for the end: it is a ghost if another entry
# for the same destination has a MAC that a neighbour entry holds. Flannel before 0.24.1 leaves one
# behind each time a peer boots.
# shellcheck disable=SC2016 # The $ are awk's.
DIGEST='
  BEGIN {
    BUCKETS = 16; LOCATORS = 8388592; HASHES = 1073741824
    list["N"] = 0; list["F"] = BUCKETS; list["R"] = 2 * BUCKETS; list["P"] = 3 * BUCKETS
    LISTS = 4 * BUCKETS
    bits4 = words_of_network(network, pods4); bits6 = words_of_network(network6, pods6)
    DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  }

  # Behind the tables, and outside of each, stands what became of packets.
  complete && table == "none" && /^(tried|traffic) / { packets[++of_packets] = $0; next }

  function emit(kind, dev, key, value, detail,    k) {
    if (kind == "N") {
      if (value == "-") return
      held[value] = 1
      k = position_of(kind, key)
      add(kind, k, (fold_mac(k, value) * MULTIPLIER + (detail == "PERMANENT")) % PRIME)
    } else if (kind == "F") {
      k = position_of(kind, key)
      if (key in held) {
        led[value] = 1
        add(kind, k, fold_ip(k, value))
      } else {
        lone_to[++lone] = value
        lone_k[lone] = k
        lone_hash[lone] = fold_ip(k, value)
      }
    } else if (kind == "R") {
      kind = table_of(kind, dev)
      if (kind == "P" && !is_of_pods(key)) return
      k = position_of(kind, key)
      add(kind, k, fold_ip(k, value))
    } else {
      put(record(kind, dev, key))
    }
  }

  # Appends a symbol to the list of its table and bucket: locator and value hash as one number.
  function add(kind, k, hash,    at, locator, value_hash) {
    at = list[kind] + k % BUCKETS
    locator = 1 + int(k / BUCKETS) % LOCATORS
    value_hash = 1 + finish(hash) % (PRIME - 1)
    symbol[at + LISTS * size[at]++] = locator * HASHES + value_hash
  }

  # Whether the destination of a direct route lies in the pod network of its family. An unknown
  # network has no bits, so every destination lies in it.
  function is_of_pods(destination,    part) {
    split(destination, part, "/")
    words_of(part[1], own)
    return destination ~ /:/ ? is_within(part[2], pods6, bits6) : is_within(part[2], pods4, bits4)
  }

  function is_within(length_of_own, pods, bits,    i, unit) {
    if (length_of_own < bits) return 0
    for (i = 1; bits > 0; i++) {
      for (unit = 1; bits < 16; bits++) unit *= 2
      if (int(own[i] / unit) != int(pods[i] / unit)) return 0
      bits -= 16
    }
    return 1
  }

  function words_of_network(network, word,    part) {
    split(network, part, "/")
    words_of(part[1], word)
    return part[2] + 0
  }

  END {
    if ("fdb" in unread_tables) lone = 0
    for (i = 1; i <= lone; i++) {
      if (lone_to[i] in led && !("neighbour" in unread_tables)) ghosts++
      else add("F", lone_k[i], lone_hash[i])
    }
    if ("neighbour" in unread_tables) forget("N")
    if ("fdb" in unread_tables) forget("F")
    if ("route" in unread_tables) { forget("R"); forget("P") }
    digest = "S " size_of("N") " " size_of("F") " " size_of("R") " " size_of("P") " " (ghosts + 0) " "
    for (i = 0; i < BUCKETS; i++) digest = digest syndromes(i)
    put(digest)
    for (i = 1; i <= of_packets; i++) put(packets[i])
  }

  function forget(kind,    i) { for (i = 0; i < BUCKETS; i++) size[list[kind] + i] = 0 }

  function size_of(kind,    i, sum) {
    for (i = 0; i < BUCKETS; i++) sum += size[list[kind] + i]
    return sum
  }

  # The syndrome number j of a bucket is the sum of value hash * locator^j over its symbols. The sums
  # are written out because a loop over an array would take longer than all the rest.
  function syndromes(bucket,    at, i, w, x) {
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = s9 = s10 = s11 = s12 = s13 = s14 = s15 = 0
    for (at = bucket; at < LISTS; at += BUCKETS) {
      for (i = at + LISTS * (size[at] - 1); i >= 0; i -= LISTS) {
        x = int(symbol[i] / HASHES)
        w = symbol[i] - x * HASHES
        s0 += w
        s1 += w = w * x % PRIME
        s2 += w = w * x % PRIME
        s3 += w = w * x % PRIME
        s4 += w = w * x % PRIME
        s5 += w = w * x % PRIME
        s6 += w = w * x % PRIME
        s7 += w = w * x % PRIME
        s8 += w = w * x % PRIME
        s9 += w = w * x % PRIME
        s10 += w = w * x % PRIME
        s11 += w = w * x % PRIME
        s12 += w = w * x % PRIME
        s13 += w = w * x % PRIME
        s14 += w = w * x % PRIME
        s15 += w = w * x % PRIME
      }
    }
    return digits(s0) digits(s1) digits(s2) digits(s3) digits(s4) digits(s5) digits(s6) digits(s7) \
      digits(s8) digits(s9) digits(s10) digits(s11) digits(s12) digits(s13) digits(s14) digits(s15)
  }

  # A sum modulo the prime, as five digits in base 64.
  function digits(sum) {
    sum %= PRIME
    return substr(DIGITS, 1 + int(sum / 16777216), 1) substr(DIGITS, 1 + int(sum / 262144) % 64, 1) \
      substr(DIGITS, 1 + int(sum / 4096) % 64, 1) substr(DIGITS, 1 + int(sum / 64) % 64, 1) \
      substr(DIGITS, 1 + sum % 64, 1)
  }
'
