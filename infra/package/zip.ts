import { crc32, deflateRawSync } from 'node:zlib';

interface ZipEntry {
  /** With slashes, from the top of the archive. */
  readonly name: string;
  readonly contents: Uint8Array;
}

/** Of the format's version 2.0, which has folders and deflate. */
const VERSION_NEEDED = 20;
const DEFLATED = 8;

/** 1 January 1980, the earliest date of the format: an archive depends on its contents alone. */
const DATE = 0x0021;

/** A regular file that anybody may read, as made on Unix: Lambda keeps these permissions. */
const MADE_ON_UNIX = 0x0314;
const READABLE = 0o100_644 * 2 ** 16;

/** A ZIP archive of these files. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, contents } of entries) {
    const packed = deflateRawSync(contents, { level: 9 });
    const shared = sharedFields(contents, packed, name);
    const file = Buffer.concat([numbers([0x0403_4b50, 4]), shared, Buffer.from(name), packed]);
    directory.push(
      Buffer.concat([
        numbers([0x0201_4b50, 4], [MADE_ON_UNIX, 2]),
        shared,
        numbers([0, 2], [0, 2], [0, 2], [READABLE, 4], [offset, 4]),
        Buffer.from(name),
      ]),
    );
    files.push(file);
    offset += file.length;
  }
  const index = Buffer.concat(directory);
  const count = entries.length;
  const end = numbers(
    [0x0605_4b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [index.length, 4],
    [offset, 4],
    [0, 2],
  );
  return Buffer.concat([...files, index, end]);
}

/** What stands before a file and in the directory alike. */
function sharedFields(contents: Uint8Array, packed: Buffer, name: string): Buffer {
  return numbers(
    [VERSION_NEEDED, 2],
    [0, 2],
    [DEFLATED, 2],
    [0, 2],
    [DATE, 2],
    [crc32(contents), 4],
    [packed.length, 4],
    [contents.length, 4],
    [Buffer.byteLength(name), 2],
    [0, 2],
  );
}

/** Numbers in little endian, each with its length in bytes. */
function numbers(...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
