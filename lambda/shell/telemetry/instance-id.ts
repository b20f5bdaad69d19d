import { createHash } from 'node:crypto';

/** The namespace that the semantic conventions give for `service.instance.id`. */
const NAMESPACE = Buffer.from('4d63009a8d0f11eeaad74c796ed8e320', 'hex');

/**
 * The UUID of version 5 (RFC 9562, section 5.5) of a function's ARN: the same at every cold start, so
 * that a series does not end with its process. Valid because the function runs one at a time.
 */
export function instanceIdOf(functionArn: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(functionArn).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
