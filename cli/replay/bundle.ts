import * as z from 'zod/mini';

/**
 * A capture as one JSON document: `{"format": "vtepwatch-capture", "version": 1, "files": {"master1/ip-neigh.txt":
 * "…"}}`. It is read into memory and never unpacked, so no path in it leads anywhere.
 */
const bundleSchema = z.object({
  format: z.literal('vtepwatch-capture'),
  version: z.literal(1),
  files: z.record(z.string(), z.string()),
});

/** A capture of 5,000 nodes on 100 hosts has half of it. */
export const BUNDLE_BYTES = 256 * 1024 * 1024;

/** The files of a bundle, by their paths. Throws where a text is none. */
export function readBundle(from: string, text: string): ReadonlyMap<string, string> {
  const bundle = bundleSchema.safeParse(readJson(text));
  if (!bundle.success) {
    throw new Error(`reading ${from}: it is neither a directory nor a bundle of vtepwatch capture`);
  }
  return new Map(Object.entries(bundle.data.files));
}

export function writeBundle(texts: ReadonlyMap<string, string>): string {
  const bundle = { format: 'vtepwatch-capture', version: 1, files: Object.fromEntries(texts) };
  return `${JSON.stringify(bundle, undefined, 1)}\n`;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
