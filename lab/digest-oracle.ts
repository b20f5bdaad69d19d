/**
 * The digest once more, by the contract alone (shared/contract/digest.ts): from the records of the
 * action `tables`, in whole numbers of any size, with powers in place of Horner's steps. The script and
 * the core are held to it, and simulated hosts answer by it.
 */

const PRIME = 1_073_741_789n;
const BUCKETS = 16;
const SYNDROMES = 16;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NUMBERS = { N: 1n, F: 2n, R: 3n, P: 4n } as const;
const NAMES = { N: 'neighbour', F: 'fdb', R: 'route', P: 'route' } as const;
const TABLES = ['N', 'F', 'R', 'P'] as const;
const OVERLAY = /^(flannel(-v6)?\.\d+|vxlan(-v6)?\.calico)$/;

type Words = readonly bigint[];

/** An entry of a table; `key` and `value` as the record has them. */
interface Entry {
  readonly table: keyof typeof NUMBERS;
  readonly key: string;
  readonly value: string;
  readonly keyWords: Words;
  /** None for a neighbour without a MAC. */
  readonly valueWords: Words | undefined;
}

/** Pod networks, as flannel's subnet.env tells them. */
export interface PodNetworks {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** What one entry adds to the digest. */
export interface DigestSymbol {
  readonly bucket: number;
  /** What it adds to each of its bucket's syndromes. */
  readonly shares: readonly number[];
}

/** The digest's record of a host that has these records. */
export function digestOf(records: readonly string[], networks: PodNetworks = {}): string {
  const unread = new Set(records.flatMap((record) => /^U (\S+)/.exec(record)?.[1] ?? []));
  const held = entriesOf(records).filter(
    (entry) =>
      entry.valueWords !== undefined &&
      !unread.has(NAMES[entry.table]) &&
      (entry.table !== 'P' || isOfPods(entry, networks)),
  );
  const ghosts = unread.has('neighbour') ? new Set<Entry>() : ghostsAmong(held);
  const counted = held.filter((entry) => !ghosts.has(entry));
  const sizes = TABLES.map((table) => counted.filter((entry) => entry.table === table).length);
  const sums = noSums();
  for (const entry of counted) addSymbol(sums, symbolOfEntry(entry), 1);
  return ['S', ...sizes, ghosts.size, inDigits(sums)].join(' ');
}

/** The symbol of a record; undefined for one that adds nothing. */
export function symbolOf(record: string): DigestSymbol | undefined {
  const [entry] = entriesOf([record]);
  return entry?.valueWords === undefined ? undefined : symbolOfEntry(entry);
}

/**
 * Sums of symbols, a number for each syndrome, bucket by bucket. They are linear: what a host holds is
 * what all hosts hold, without its own entries and those that it lost, and with those that it holds
 * besides. So a simulated host's digest costs as much as the host differs.
 */
export type Sums = Float64Array;

export function noSums(): Sums {
  return new Float64Array(BUCKETS * SYNDROMES);
}

/** `times` is 1 to add the symbol, -1 to take it away. */
export function addSymbol(sums: Sums, { bucket, shares }: DigestSymbol, times: 1 | -1): void {
  shares.forEach((share, j) => change(sums, bucket * SYNDROMES + j, times * share));
}

export function addSums(sums: Sums, others: Sums, times: 1 | -1): void {
  others.forEach((other, at) => change(sums, at, times * other));
}

/** Both are less than the prime: one step brings the sum back among the remainders. */
function change(sums: Sums, at: number, by: number): void {
  const sum = (sums[at] ?? 0) + by;
  sums[at] = sum >= Number(PRIME) ? sum - Number(PRIME) : sum < 0 ? sum + Number(PRIME) : sum;
}

/** The last field of the digest's record. */
export function inDigits(sums: Sums): string {
  const digits: string[] = [];
  for (const sum of sums) {
    for (const bits of [24, 18, 12, 6, 0]) digits.push(DIGITS.charAt((sum >>> bits) & 63));
  }
  return digits.join('');
}

/** The page, of so many, that a record stands on; undefined for what stands on each. */
export function pageOfRecord(record: string, pages: number): number | undefined {
  const [entry] = entriesOf([record]);
  return entry === undefined ? undefined : Number(placeOf(entry) % BigInt(pages));
}

function entriesOf(records: readonly string[]): readonly Entry[] {
  return records.flatMap((record): readonly Entry[] => {
    const [kind, device = '', key = '', value = '', detail = ''] = record.split(' ');
    const [address = '', length = ''] = key.split('/');
    if (kind === 'N') {
      const flag = detail === 'PERMANENT' ? 1n : 0n;
      const valueWords = value === '-' ? undefined : [...wordsOfMac(value), flag];
      return [{ table: kind, key, value, keyWords: wordsOfIp(key), valueWords }];
    }
    if (kind === 'F') {
      return [{ table: kind, key, value, keyWords: wordsOfMac(key), valueWords: wordsOfIp(value) }];
    }
    if (kind === 'R') {
      const table = OVERLAY.test(device) ? 'R' : 'P';
      const keyWords = [...wordsOfIp(address), BigInt(length)];
      return [{ table, key, value, keyWords, valueWords: wordsOfIp(value) }];
    }
    return [];
  });
}

/** Entries of the FDB that no neighbour leads to, though another to the same host is led to. */
function ghostsAmong(held: readonly Entry[]): ReadonlySet<Entry> {
  const macs = new Set(held.filter(({ table }) => table === 'N').map(({ value }) => value));
  const fdb = held.filter(({ table }) => table === 'F');
  const reached = new Set(fdb.filter(({ key }) => macs.has(key)).map(({ value }) => value));
  return new Set(fdb.filter(({ key, value }) => !macs.has(key) && reached.has(value)));
}

function isOfPods({ key }: Entry, { ipv4, ipv6 }: PodNetworks): boolean {
  const network = key.includes(':') ? ipv6 : ipv4;
  if (network === undefined) return true;
  const [own, of] = [bitsOf(key), bitsOf(network)];
  return own.length >= of.length && own.startsWith(of);
}

/** The bits of a network's address that are its own: `10.128.0.0/9` is 000010101. */
function bitsOf(cidr: string): string {
  const [address = '', length = ''] = cidr.split('/');
  const bits = wordsOfIp(address).map((word) => word.toString(2).padStart(16, '0'));
  return bits.join('').slice(0, Number(length));
}

function symbolOfEntry(entry: Entry): DigestSymbol {
  const k = placeOf(entry);
  const locator = 1n + ((k / 16n) % 8_388_592n);
  const weight = 1n + (finish(fold(k, entry.valueWords ?? [])) % (PRIME - 1n));
  const shares = Array.from({ length: SYNDROMES }, (_, j) =>
    Number((weight * locator ** BigInt(j)) % PRIME),
  );
  return { bucket: Number(k % 16n), shares };
}

function placeOf({ table, keyWords }: Entry): bigint {
  return finish(fold(977n * NUMBERS[table] + 1n, keyWords));
}

function fold(start: bigint, words: Words): bigint {
  return words.reduce((h, word) => (h * 6_700_417n + word) % PRIME, start);
}

function finish(h: bigint): bigint {
  return (h * (1n + (h % 4_194_301n))) % PRIME;
}

function wordsOfMac(mac: string): Words {
  const pairs = mac.replaceAll(':', '').match(/.{2}(.{2})?/g) ?? [];
  return pairs.map((pair) => BigInt(`0x${pair}`));
}

function wordsOfIp(ip: string): Words {
  if (!ip.includes(':')) return wordsOfQuad(ip);
  const hexadecimal = ip.replace(/[^:]+\..*$/, (quad) =>
    wordsOfQuad(quad)
      .map((word) => word.toString(16))
      .join(':'),
  );
  const [before = '', after = ''] = hexadecimal.split('::');
  const [first, last] = [groupsOf(before), groupsOf(after)];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0n);
  return [...first, ...zeros, ...last];
}

function groupsOf(text: string): Words {
  return text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`));
}

function wordsOfQuad(quad: string): Words {
  const [a = 0n, b = 0n, c = 0n, d = 0n] = quad.split('.').map(BigInt);
  return [256n * a + b, 256n * c + d];
}
