/**
 * What a backend takes in one request of metrics, as its documentation says (autumn 2026), and how it
 * refuses more. docs/backends.md has the sources.
 */
export interface RequestLimits {
  readonly points?: number;
  /** As sent. */
  readonly bodyBytes?: number;
  /** After decompression. */
  readonly rawBytes?: number;
  readonly refusal: { readonly status: number; readonly text: string };
}

const KILOBYTE = 1000;
const MEGABYTE = 1_000_000;
const MEBIBYTE = 1_048_576;

export const VENDOR_LIMITS = {
  cloudwatch: {
    points: 1000,
    rawBytes: MEBIBYTE,
    refusal: {
      status: 400,
      text: 'The request exceeds the maximum of 1000 data points per request',
    },
  },
  datadog: {
    bodyBytes: 512 * KILOBYTE,
    rawBytes: 5 * MEBIBYTE,
    refusal: { status: 413, text: '{"errors":["Payload too big"]}' },
  },
  dynatrace: { rawBytes: 4 * MEGABYTE, refusal: { status: 413, text: 'Payload too large' } },
  newRelic: { bodyBytes: MEGABYTE, refusal: { status: 413, text: '' } },
  honeycomb: { rawBytes: 15 * MEGABYTE, refusal: { status: 413, text: 'request body too large' } },
} as const satisfies Readonly<Record<string, RequestLimits>>;
