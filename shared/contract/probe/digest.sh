# The digest: what the tables hold in 1,280 characters, whatever their size.
#
# Each entry becomes a symbol: a place, told by its key, and a weight, told by its value as well. Sent
# are sums over all symbols, from which the checker subtracts what this host should hold. Nothing left
# is health; a few entries that are missing or wrong can be solved for, as unknowns of equations. The
# contract stands in digest.ts, the mathematics in shared/core/digest.

# Prints the digest of all that this host holds.
digest() {
  facts
  inspect_ip
  printf 'tools %s %s\n' "$ip_kind" "$ip_version"
  find_pod_networks
  printed_tables |
    awk -v network="$network" -v network6="$network6" "$SYMBOLS$DIGEST$NORMALISE"
}

# Sets `network` and `network6` to the pod networks of this cluster, as far as flannel tells.
find_pod_networks() {
  network='' network6=''
  [ -r "$ROOT/run/flannel/subnet.env" ] || return 0
  while IFS='=' read -r name value; do
    case $name=$value in
      *=*[!0-9a-f.:/]*) ;;
      FLANNEL_NETWORK=*) network=$value ;;
      FLANNEL_IPV6_NETWORK=*) network6=$value ;;
    esac
  done <"$ROOT/run/flannel/subnet.env"
}

# The hashes of digest.ts. To `fold` is to mix words into a hash, one after the other.
# shellcheck disable=SC2016 # The $ are awk's.
SYMBOLS='
  BEGIN {
    PRIME = 1073741789; MULTIPLIER = 6700417; TWIST = 4194301
    seed["N"] = 978; seed["F"] = 1955; seed["R"] = 2932; seed["P"] = 3909
    for (i = 0; i < 256; i++) hex[sprintf("%02x", i)] = i
  }

  # A route of another device than the overlay is a table of its own, the direct routes.
  function table_of(kind, dev) { return kind == "R" && !is_overlay(dev) ? "P" : kind }

  # The k of an entry: where it belongs, by its key.
  function place_of(kind, key,    part, h) {
    if (kind == "N") return finish(fold_ip(seed[kind], key))
    if (kind == "F") return finish(fold_mac(seed[kind], key))
    split(key, part, "/")
    h = fold_ip(seed[kind], part[1])
    return finish((h * MULTIPLIER + part[2]) % PRIME)
  }

  function finish(h) { return (h * (1 + h % TWIST)) % PRIME }

  function fold_mac(h, text,    octet, count, i) {
    count = split(text, octet, ":")
    for (i = 1; i < count; i += 2)
      h = (h * MULTIPLIER + hex[octet[i]] * 256 + hex[octet[i + 1]]) % PRIME
    return i == count ? (h * MULTIPLIER + hex[octet[i]]) % PRIME : h
  }

  function fold_ip(h, text,    word, count, i) {
    count = words_of(text, word)
    if (count == 0) garbled()
    for (i = 1; i <= count; i++) h = (h * MULTIPLIER + word[i]) % PRIME
    return h
  }

  # Sets `word` to the 16-bit words of an address and returns how many they are, 0 if it is none.
  function words_of(text, word,    part, parts, gap, count, i) {
    if (text !~ /:/) return words_of_quad(text, word, 0)
    parts = split(text, part, ":")
    gap = text ~ /\./ ? 7 : 8
    for (i = 1; i <= parts; i++) if (part[i] != "") gap--
    for (i = 1; i <= parts; i++) {
      if (part[i] == "") while (gap > 0) { gap--; word[++count] = 0 }
      else if (part[i] ~ /\./) count = words_of_quad(part[i], word, count)
      else word[++count] = hexadecimal(part[i])
      if (word[count] > 65535) return 0
    }
    return count == 8 ? 8 : 0
  }

  function words_of_quad(text, word, count,    octet) {
    if (split(text, octet, ".") != 4) return 0
    word[count + 1] = octet[1] * 256 + octet[2]
    word[count + 2] = octet[3] * 256 + octet[4]
    return word[count + 1] > 65535 || word[count + 2] > 65535 ? 0 : count + 2
  }

  function hexadecimal(text,    value, i) {
    if (text in hex) return hex[text]
    for (i = 1; i <= length(text); i++)
      value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    hex[text] = value
    return value
  }
'

# An entry of the FDB whose MAC no neighbour has waits for the end: it is an orphan if another entry
# leads to its destination with a MAC that a neighbour has. Flannel before 0.24.1 leaves one behind
# each time a peer boots.
# shellcheck disable=SC2016 # The $ are awk's.
DIGEST='
  BEGIN {
    ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    BUCKETS = 16; LOCATORS = 8388592; UNIT = 1073741824
    list["N"] = 0; list["F"] = 16; list["R"] = 32; list["P"] = 48; LISTS = 64
  }

  function emit(kind, dev, key, value, detail,    k, weight) {
    if (!(kind in list)) {
      print record(kind, dev, key, value, detail)
      return
    }
    if (value == "-") return
    kind = table_of(kind, dev)
    if (kind == "P" && !is_of_pods(key)) return
    k = place_of(kind, key)
    if (kind == "N") {
      held[value] = 1
      weight = weigh((fold_mac(k, value) * MULTIPLIER + (detail == "PERMANENT")) % PRIME)
    } else {
      weight = weigh(fold_ip(k, value))
    }
    if (kind == "F" && !(key in held)) {
      lone_to[++lone] = value
      lone_k[lone] = k
      lone_weight[lone] = weight
    } else {
      if (kind == "F") led[value] = 1
      add(kind, k, weight)
    }
  }

  function weigh(h) { return 1 + finish(h) % (PRIME - 1) }

  # Puts a symbol, its locator and weight in one number, into the list of its table and bucket.
  function add(kind, k, weight,    at) {
    at = list[kind] + k % BUCKETS
    symbol[at + LISTS * size[at]++] = (1 + int(k / BUCKETS) % LOCATORS) * UNIT + weight
    count[kind]++
  }

  # Whether the destination of a direct route lies in the pod network of its family. All do where
  # that is not known.
  function is_of_pods(destination,    part, net, a, b, words, bits, i, step) {
    net = destination ~ /:/ ? network6 : network
    if (net == "") return 1
    split(destination, part, "/")
    words = words_of(part[1], a)
    bits = part[2]
    split(net, part, "/")
    if (words_of(part[1], b) != words || bits < part[2]) return 0
    for (i = 1; 16 * (i - 1) < part[2]; i++) {
      step = part[2] < 16 * i ? 2 ^ (16 * i - part[2]) : 1
      if (int(a[i] / step) != int(b[i] / step)) return 0
    }
    return 1
  }

  END {
    judge_lone()
    if ("neighbour" in told) forget("N")
    if ("fdb" in told) { forget("F"); orphans = 0 }
    if ("route" in told) { forget("R"); forget("P") }
    printf "S %d %d %d %d %d ", count["N"], count["F"], count["R"], count["P"], orphans
    for (bucket = 0; bucket < BUCKETS; bucket++) print_syndromes(bucket)
    print ""
  }

  function judge_lone(    i) {
    for (i = 1; i <= lone; i++) {
      if (lone_to[i] in led && !("neighbour" in told)) orphans++
      else add("F", lone_k[i], lone_weight[i])
    }
  }

  function forget(kind,    bucket) {
    for (bucket = 0; bucket < BUCKETS; bucket++) size[list[kind] + bucket] = 0
    count[kind] = 0
  }

  # A syndrome is the sum of all weights times the power of their locators that is its number.
  function print_syndromes(bucket,    at, i, w, x, j, sum) {
    for (at = bucket; at < LISTS; at += BUCKETS) {
      for (i = at + LISTS * (size[at] - 1); i >= 0; i -= LISTS) {
        w = symbol[i] % UNIT
        x = (symbol[i] - w) / UNIT
        for (j = 0; j < 16; j++) {
          sum[j] += w
          w = (w * x) % PRIME
        }
      }
    }
    for (j = 0; j < 16; j++) print_number(sum[j] % PRIME)
  }

  # Five digits to the base of 64.
  function print_number(value,    unit, digit) {
    for (unit = 16777216; unit >= 1; unit /= 64) {
      digit = int(value / unit)
      printf "%s", substr(ALPHABET, digit + 1, 1)
      value -= digit * unit
    }
  }
'
