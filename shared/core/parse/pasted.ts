/**
 * What a terminal, and what ran the command, add to the output that a person copies: colours, the shell's
 * prompt with the command behind it, headings, fences. A listing without them is read as it is.
 */

/** A pasted text without what the terminal added. */
interface Pasted {
  /** The lines that are not empty. */
  readonly lines: readonly string[];
  /** What was passed over, and what a person can do about it. */
  readonly remarks: readonly string[];
  /** The device that the command asked for, where its prompt was pasted too. */
  readonly device: string | undefined;
  /** The command showed only a part of the table. */
  readonly filtered: boolean;
  /** Whether the listing ends its last line, as every program does. */
  readonly isEnded: boolean;
}

export function readPasted(text: string): Pasted {
  const lines = withoutColours(text)
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '');
  const kinds = lines.map(kindOf);
  const asked = kinds.flatMap((kind) => (kind.kind === 'command' ? (kind.command ?? []) : []));
  const devices = new Set(asked.flatMap((command) => deviceIn(command) ?? []));
  const [device, ...others] = devices;
  const filtered = asked.some((command) => !showsAll(command)) || others.length > 0;
  const prompts = kinds.filter(({ kind }) => kind === 'command').length;
  const frames = kinds.filter(({ kind }) => kind === 'frame').length;
  return {
    lines: lines.filter((_, at) => kinds[at]?.kind === 'output'),
    remarks: [
      ...(prompts === 0 ? [] : [`lines with the prompt of a shell, passed over: ${prompts}`]),
      ...(frames === 0 ? [] : [`lines around the output, passed over: ${frames}`]),
      ...(filtered ? ['the command shows only a part of the table: capture it whole'] : []),
    ],
    device: others.length === 0 ? device : undefined,
    filtered,
    isEnded: /[\r\n][ \t]*$/.test(text) || (kinds.at(-1)?.kind ?? 'output') !== 'output',
  };
}

/** A line of a pasted text. */
type PastedLine =
  | { readonly kind: 'output' }
  /** The prompt of a shell, or the heading of a script, with the command where there is one. */
  | { readonly kind: 'command'; readonly command: string | undefined }
  /** What a program printed that ran the command or that keeps its output. */
  | { readonly kind: 'frame' };

function kindOf(line: string): PastedLine {
  const command = commandAt(line);
  if (command !== undefined) {
    return { kind: 'command', command: command === '' ? undefined : command };
  }
  return FRAMES.some((frame) => frame.test(line)) ? { kind: 'frame' } : { kind: 'output' };
}

/** Whole lines that no listing has. None of them says that something of the listing is missing. */
const FRAMES: readonly RegExp[] = [
  // Markdown's fences.
  /^\s*(?:`{3,}|~{3,})\s*[a-z]*\s*$/,
  // Ansible's heading of what a host printed.
  /^[\w.:-]+ \| (?:CHANGED|SUCCESS) \| rc=0 >>\s*$/,
  // script(1) at both ends of a session.
  /^Script (?:started|done)(?: on |, )/,
  // What sudo, ssh and kubectl say on standard error before the command runs.
  /^sudo: unable to resolve host /,
  /^\[sudo\] password for [^:]+:\s*$/,
  /^Warning: Permanently added .* to the list of known hosts\.\s*$/,
  /^Defaulted container ".*" out of: /,
  /^Connection to \S+ closed\.\s*$/,
  // A rule, or a heading between rules, that names no command.
  /^\s*([=#*-])\1{2,}(?: [^=#*]*\1{2,})?\s*$/,
];

/** A text as it was before somebody quoted or indented all of its lines, as mail and Markdown do. */
export function unquoted(text: string): string {
  const lines = text.split('\n');
  const written = lines.filter((line) => line.trim() !== '');
  const prefix = /^(?:> ?|[ \t]+)/.exec(written[0] ?? '')?.[0] ?? '';
  return prefix !== '' && written.every((line) => line.startsWith(prefix))
    ? lines.map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line)).join('\n')
    : text;
}

/**
 * Control sequences of a terminal (ECMA-48: CSI and OSC), also where the escape character itself was
 * lost or spelled `^[`. None of them carries a word of the listing.
 */
function withoutColours(text: string): string {
  return text
    .replaceAll(CONTROL_SEQUENCE, '')
    .replaceAll(/\[(?:\d{1,3}(?:;\d{1,3})*)?m/g, '')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[\u00A0\u2007\u202F]/g, ' ');
}

const ESCAPE = String.raw`(?:\u001B|\^\[)`;

/** A title ends with the bell or with an escape sequence, and others with a letter. */
const CONTROL_SEQUENCE = new RegExp(
  String.raw`${ESCAPE}(?:\][^\u0007\u001B\n]*(?:\u0007|\u001B\\)|\[?[\d;?]*[A-Za-z])`,
  'g',
);

/** `root@host1:~#`, `[root@host1 ~]#`, `sh-4.2$`, `/ #`, `#`: what stands before a command. */
const PROMPT =
  /^\s*(?:\[?[\w.-]+@[\w.-]+\S*(?: \S+)?\]?|[a-z]*sh-[\d.]+|\[[^\]]*\]|[\w.-]+(?::\S*)?|[~/]\S*)?\s?[#$%>\u276F\u279C](?:\s+(.*))?$/;

const COMMAND =
  /^(?:sudo\s+)?(?:\S*\/)?(?:ip|bridge|arp|route|netstat|ifconfig|cat|kubectl|exit|logout)\b/;

/** `+ ip neigh`, as the shell prints it with -x; `=== ip neigh ===`, as scripts head what they print. */
const HEADING =
  /^\s*(?:\++|([=#*-])\1{2,}(?: [\w.-]+:)?) ((?:sudo )?(?:\S*\/)?(?:ip|bridge|arp|route) .*?)(?: ?\1*)?\s*$/;

/** The command that a prompt stands before, `''` where it is alone; undefined of any other line. */
function commandAt(line: string): string | undefined {
  const heading = HEADING.exec(line)?.[2];
  if (heading !== undefined) return heading;
  const found = PROMPT.exec(line);
  if (found === null) return undefined;
  const command = (found[1] ?? '').trim();
  return command === '' || COMMAND.test(command) ? command : undefined;
}

function deviceIn(command: string): string | undefined {
  return /\sdev\s+(\S+)/.exec(command)?.[1];
}

/** Words with which `ip`, `bridge` and their elders show a whole table, or all of one device. */
const WHOLE =
  /^(?:sudo\s+)?(?:\S*\/)?(?:ip|bridge|arp|route|netstat|ifconfig|cat|kubectl|exit|logout)(?:\s+(?:-{1,2}[\w-]+(?:=\S+)?|n|nei|neigh|neighbor|neighbour|fdb|r|ro|route|l|li|link|a|ad|addr|address|show|sh|list|ls|(?:dev|type)\s+\S+|nud\s+(?:all|permanent)|table\s+main|get|no|nodes?|\/proc\/net\/arp))*$/;

function showsAll(command: string): boolean {
  return WHOLE.test(command);
}
