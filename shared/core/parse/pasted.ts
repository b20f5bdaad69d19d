/**
 * What a terminal adds to the output of a command that a person copies from it: colours, the shell's
 * prompt with the command behind it, marks of what was left out. A listing without them is read as it is.
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
}

export function readPasted(text: string): Pasted {
  const lines = withoutColours(text)
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '');
  const prompts = lines.map(commandAt);
  const commands = prompts.filter((command) => command !== undefined);
  const asked = commands.filter((command) => command !== '');
  const devices = new Set(asked.flatMap((command) => deviceIn(command) ?? []));
  const [device, ...others] = devices;
  const filtered = asked.some((command) => !showsAll(command)) || others.length > 0;
  return {
    lines: lines.filter((_, at) => prompts[at] === undefined),
    remarks: [
      ...(commands.length === 0
        ? []
        : [`lines with the prompt of a shell, passed over: ${commands.length}`]),
      ...(filtered ? ['the command shows only a part of the table: capture it whole'] : []),
    ],
    device: others.length === 0 ? device : undefined,
    filtered,
  };
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

/** The command that a prompt stands before, `''` where it is alone; undefined of any other line. */
function commandAt(line: string): string | undefined {
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
