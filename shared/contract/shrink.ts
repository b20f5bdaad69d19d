/**
 * The script as it is sent: an SSM document has 64 kB at most, and each agent keeps a copy of the script for every
 * command of the last 14 days.
 *
 * Comments on lines of their own and indentation go everywhere. The awk programs, two thirds of the script, also
 * lose the blanks and line ends between two tokens that stay the same two tokens without them. Strings and
 * regular expressions stay as they are. The script has no here-documents, and no string goes over a line's end.
 */
export function shrunk(script: string): string {
  return script
    .replaceAll(/^[ \t]*(#(?!!).*)?\n/gm, '')
    .replaceAll(/^[ \t]+/gm, '')
    .replaceAll(PROGRAM, (whole, name: string, program: string) =>
      SHELL_PROGRAMS.has(name) ? whole : `${name}='\n${shrunkAwk(program)}\n'\n`,
    );
}

/** A shell variable with a program: its lines stand between two lines with a quote. */
const PROGRAM = /^([A-Z_]+)='\n([^]*?)\n'\n/gm;

const SHELL_PROGRAMS: ReadonlySet<string> = new Set([
  'READ_TABLES',
  'SESSION',
  'END_SESSIONS',
  'WAIT_FOR_SCRIPT',
]);

/** Where both could begin, a regular expression is what does not follow a value. */
const TOKEN =
  /(?<blank>(?:[ \t]|\\\n)+)|(?<end>\n)|(?<string>"(?:\\.|[^"\\\n])*")|(?<word>[A-Za-z_0-9.]+)|(?<operator>&&|\|\||\+\+|--|[-+*%/=!<>^]=|!~|[^])/gy;
const REGULAR_EXPRESSION = /\/(?:\\.|\[\^?\]?(?:\\.|\[:[a-z]+:\]|[^\]\n])*\]|[^/\\\n[])+\//y;

const KEYWORDS: ReadonlySet<string> = new Set(['if', 'for', 'while', 'return', 'print', 'printf']);

/** What no awk takes for the beginning or the end of another token. `-`, `/`, `<`, `>` and `|` keep their blanks. */
const APART = /^(?:[,;{}()[\]?:*%~=]|[=!<>]=|&&|\|\||!~|[-+*%]=|\+)$/;

interface Token {
  readonly text: string;
  readonly kind: 'word' | 'string' | 'regular expression' | 'operator' | 'end';
  readonly isAfterBlank: boolean;
}

function shrunkAwk(program: string): string {
  let text = '';
  let last: Token | undefined;
  let depth = 0;
  for (const token of tokensOf(program)) {
    // Where a token continues what stands before it, its line's end means nothing.
    if (token.kind === 'end' && last !== undefined && /^(?:[{,\n]|&&|\|\|)$/.test(last.text))
      continue;
    if (token.text === '}') depth -= 1;
    if (last?.kind === 'end' && token.text === '}') text = text.slice(0, -1);
    if (token.text === '{') depth += 1;
    text +=
      last !== undefined && token.isAfterBlank && needBlank(last, token)
        ? ` ${token.text}`
        : token.text;
    last = token;
  }
  return text;
}

function needBlank(before: Token, after: Token): boolean {
  if (before.kind === 'end' || after.kind === 'end') return false;
  // A name with a parenthesis behind it is the call of a function.
  if (after.text === '(' && before.kind === 'word') return !KEYWORDS.has(before.text);
  // A sign may belong to what is behind it.
  if (after.text === '+' && before.kind === 'operator') return true;
  if (before.text === '+' && after.kind === 'operator') return true;
  return !APART.test(before.text) && !APART.test(after.text);
}

function tokensOf(program: string): readonly Token[] {
  const tokens: Token[] = [];
  let isAfterBlank = false;
  for (let at = 0; at < program.length;) {
    const [text, kind] = tokenAt(program, at, tokens.at(-1));
    if (kind !== undefined) tokens.push({ text, kind, isAfterBlank });
    isAfterBlank = kind === undefined;
    at += text.length;
  }
  return tokens;
}

function tokenAt(
  program: string,
  at: number,
  before: Token | undefined,
): readonly [text: string, kind: Token['kind'] | undefined] {
  if (program[at] === '/' && !isValue(before)) {
    REGULAR_EXPRESSION.lastIndex = at;
    const [found] = REGULAR_EXPRESSION.exec(program) ?? [];
    if (found !== undefined) return [found, 'regular expression'];
  }
  TOKEN.lastIndex = at;
  const found = TOKEN.exec(program);
  const text = found?.[0] ?? '';
  if (found?.groups?.['blank'] !== undefined) return [text, undefined];
  if (found?.groups?.['end'] !== undefined) return [text, 'end'];
  if (found?.groups?.['string'] !== undefined) return [text, 'string'];
  return [text, found?.groups?.['word'] === undefined ? 'operator' : 'word'];
}

/** Whether what is behind a token divides it. */
function isValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'word') return !KEYWORDS.has(token.text) && token.text !== 'in';
  return token.kind === 'string' || /^(?:\)|\]|\+\+|--)$/.test(token.text);
}
