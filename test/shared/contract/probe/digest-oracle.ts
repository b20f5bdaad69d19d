/**
 * What the script must answer, reckoned from the contract alone: in whole numbers of any size, with
 * powers in place of Horner's steps, from the records that the action `tables` prints.
 */

const p = 1_073_741_789n;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NUMBERS = { N: 1n, F: 2n, R: 3n, P: 4n } as const;

type Table = keyof typeof NUMBERS;

interface Held {
  readonly table: Table;
  readonly key: readonly bigint[];
  readonly value: readonly bigint[];
  /** The words of the record that the entry is from. */
  readonly record: readonly string[];
}

/** Pod networks by family, as flannel's subnet.env tells them. */
export interface PodNetworks {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** The digest's record of a host that holds these entries. */
export function digestOf(records: readonly string[], networks: PodNetworks = {}): string {
  const unread = new Set(records.flatMap((line) => /^U (\w+)/.exec(line)?.[1] ?? []));
  const held = records
    .flatMap((line) => heldOf(line.split(' ')))
    .filter((entry) => {
      return !unread.has(TABLE_NAMES[entry.table]) && isOfPods(entry, networks);
    });
  const orphans = orphansAmong(held, unread.has('neighbour'));
  const symbols = held.filter((entry) => !orphans.has(entry));
  const counts = (['N', 'F', 'R', 'P'] as const).map(
    (table) => symbols.filter((entry) => entry.table === table).length,
  );
  return ['S', ...counts, orphans.size, syndromesOf(symbols)].join(' ');
}

const TABLE_NAMES = { N: 'neighbour', F: 'fdb', R: 'route', P: 'route' } as const;

/** The page of `tables`, among so many, on which a record stands; undefined: on each. */
export function pageOfRecord(record: string, pages: number): number | undefined {
  const words = record.split(' ');
  const [entry] = heldOf(words[3] === '-' ? words.with(3, '00:00') : words);
  return entry === undefined ? undefined : Number(placeOf(entry) % BigInt(pages));
}

function heldOf(record: readonly string[]): readonly Held[] {
  const [kind, device = '', key = '', value = '', detail = ''] = record;
  if (value === '-') return [];
  switch (kind) {
    case 'N': {
      const permanent = detail === 'PERMANENT' ? 1n : 0n;
      return [
        { table: 'N', key: wordsOfIp(key), value: [...wordsOfMac(value), permanent], record },
      ];
    }
    case 'F':
      return [{ table: 'F', key: wordsOfMac(key), value: wordsOfIp(value), record }];
    case 'R': {
      const table = /^(flannel(-v6)?\.\d+|vxlan(-v6)?\.calico)$/.test(device) ? 'R' : 'P';
      const [address = '', length = ''] = key.split('/');
      return [
        { table, key: [...wordsOfIp(address), BigInt(length)], value: wordsOfIp(value), record },
      ];
    }
    case undefined:
    default:
      return [];
  }
}

/** Entries of the FDB that no neighbour uses, though another leads to where they lead. */
function orphansAmong(held: readonly Held[], neighboursUnread: boolean): ReadonlySet<Held> {
  if (neighboursUnread) return new Set();
  const macs = new Set(held.flatMap(({ table, record }) => (table === 'N' ? [record[3]] : [])));
  const fdb = held.filter(({ table }) => table === 'F');
  const isUsed = ({ record }: Held): boolean => macs.has(record[2]);
  const led = new Set(fdb.filter(isUsed).map(({ record }) => record[3]));
  return new Set(fdb.filter((entry) => !isUsed(entry) && led.has(entry.record[3])));
}

function isOfPods({ table, record, key }: Held, { ipv4, ipv6 }: PodNetworks): boolean {
  const destination = record[2] ?? '';
  const network = destination.includes(':') ? ipv6 : ipv4;
  if (table !== 'P' || network === undefined) return true;
  const [address = '', length = ''] = network.split('/');
  const bits = Number(length);
  return (
    Number(key.at(-1)) >= bits &&
    bitsOf(key.slice(0, -1)).slice(0, bits) === bitsOf(wordsOfIp(address)).slice(0, bits)
  );
}

function bitsOf(words: readonly bigint[]): string {
  return words.map((word) => word.toString(2).padStart(16, '0')).join('');
}

function syndromesOf(symbols: readonly Held[]): string {
  const sums = Array.from({ length: 256 }, () => 0n);
  for (const entry of symbols) {
    const k = placeOf(entry);
    const at = Number(k % 16n) * 16;
    const locator = 1n + ((k / 16n) % 8_388_592n);
    const weight = 1n + (finish(fold(k, entry.value)) % (p - 1n));
    for (let j = 0; j < 16; j++) {
      sums[at + j] = ((sums[at + j] ?? 0n) + weight * locator ** BigInt(j)) % p;
    }
  }
  return sums.map(inDigits).join('');
}

function placeOf({ table, key }: Held): bigint {
  return finish(fold(977n * NUMBERS[table] + 1n, key));
}

function fold(start: bigint, words: readonly bigint[]): bigint {
  return words.reduce((h, word) => (h * 6_700_417n + word) % p, start);
}

function finish(h: bigint): bigint {
  return (h * (1n + (h % 4_194_301n))) % p;
}

function inDigits(value: bigint): string {
  return [4n, 3n, 2n, 1n, 0n]
    .map((place) => DIGITS[Number((value >> (6n * place)) & 63n)])
    .join('');
}

function wordsOfMac(mac: string): readonly bigint[] {
  return (mac.replaceAll(':', '').match(/.{2,4}/g) ?? []).map((pair) => BigInt(`0x${pair}`));
}

function wordsOfIp(ip: string): readonly bigint[] {
  if (!ip.includes(':')) return wordsOfQuad(ip);
  const quad = /[^:]+\.[^:]+$/.exec(ip)?.[0];
  const tail = quad === undefined ? [] : wordsOfQuad(quad);
  const text = quad === undefined ? ip : ip.slice(0, -quad.length).replace(/([^:]):$/, '$1');
  const [before = [], after = []] = text
    .split('::')
    .map((half) =>
      half.split(':').flatMap((group) => (group === '' ? [] : [BigInt(`0x${group}`)])),
    );
  const zeros = Array.from({ length: 8 - before.length - after.length - tail.length }, () => 0n);
  return [...before, ...zeros, ...after, ...tail];
}

function wordsOfQuad(quad: string): readonly bigint[] {
  const [a = 0n, b = 0n, c = 0n, d = 0n] = quad.split('.').map(BigInt);
  return [a * 256n + b, c * 256n + d];
}
