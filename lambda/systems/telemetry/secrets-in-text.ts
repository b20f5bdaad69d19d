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
  return words.reduce((rest, word) => withoutCut(rest.replaceAll(word, '***'), word), text);
}

/** An answer is cut before it comes here: its end may be the beginning of a secret. */
function withoutCut(text: string, word: string): string {
  for (let length = word.length - 1; length >= SECRET_CHARACTERS_MIN; length--) {
    if (text.endsWith(word.slice(0, length))) return `${text.slice(0, -length)}***`;
  }
  return text;
}
