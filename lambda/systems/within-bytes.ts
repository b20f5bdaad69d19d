/** The beginning of a text, cut between characters, so that what is left is well-formed UTF-8. */
export function withinBytes(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= bytes) return text;
  return new TextDecoder().decode(encoded.slice(0, bytes)).replace(/\u{fffd}*$/u, '');
}
