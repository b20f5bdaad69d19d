/** Shorter words are in every text. */
const SECRET_CHARACTERS_MIN = 6;

/**
 * Takes out of a backend's answer what the request's headers carried: some backends quote the token
 * that they refuse, and the answer goes into the log.
 */
export function withoutSecrets(text: string, headers: Readonly<Record<string, string>>): string {
  const words = Object.values(headers)
    .flatMap((value) => [value, ...value.split(/[\s,;=]+/)])
    .filter(({ length }) => length >= SECRET_CHARACTERS_MIN)
    .toSorted((one, other) => other.length - one.length);
  return words.reduce((rest, word) => rest.replaceAll(word, '***'), text);
}
