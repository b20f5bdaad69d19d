import { usage } from './failure.ts';
import { KNOWN_OPTIONS } from './known-options.ts';

const HELP = `vtepwatch completion bash|zsh|fish

Prints what completes the commands and options of vtepwatch in a shell:

  bash  source <(vtepwatch completion bash)
  zsh   source <(vtepwatch completion zsh)      after compinit
  fish  vtepwatch completion fish | source

It completes the command vtepwatch, which is in the path where the package is installed. In a checkout,
make it one: alias vtepwatch='npx vtepwatch'; in zsh with setopt complete_aliases.

  --help  this text

Exit status: 0 it was printed, 64 wrong usage.
`;

const COMMANDS = Object.keys(KNOWN_OPTIONS);

const FIRST = [...COMMANDS, 'help', '--help', '--version'];

/** What can follow each command. */
const FOLLOWING: Readonly<Record<string, readonly string[]>> = {
  ...KNOWN_OPTIONS,
  completion: ['bash', 'zsh', 'fish', ...(KNOWN_OPTIONS['completion'] ?? [])],
  help: COMMANDS,
};

/** Lines of a shell's `case`, one for each command. */
function cases(line: (words: string) => string): readonly string[] {
  return Object.entries(FOLLOWING).map(
    ([command, words]) => `    ${command}) ${line(words.join(' '))} ;;`,
  );
}

const PRINTERS: Readonly<Record<string, () => readonly string[]>> = {
  bash: () => [
    '_vtepwatch() {',
    `  local words='${FIRST.join(' ')}'`,
    '  [ "$COMP_CWORD" -eq 1 ] || case ${COMP_WORDS[1]} in',
    ...cases((words) => `words='${words}'`),
    '  esac',
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")',
    '}',
    'complete -o default -F _vtepwatch vtepwatch',
  ],
  zsh: () => [
    '_vtepwatch() {',
    `  if (( CURRENT == 2 )); then compadd -- ${FIRST.join(' ')}; return; fi`,
    '  case $words[2] in',
    ...cases((words) => `compadd -- ${words}`),
    '  esac',
    '  _files',
    '}',
    'compdef _vtepwatch vtepwatch',
  ],
  fish: () => [
    `complete -c vtepwatch -n __fish_use_subcommand -f -a '${[...COMMANDS, 'help'].join(' ')}'`,
    ...['help', 'version'].map(
      (option) => `complete -c vtepwatch -n __fish_use_subcommand -l ${option}`,
    ),
    ...Object.entries(FOLLOWING).flatMap(([command, words]) => {
      const follows = `complete -c vtepwatch -n '__fish_seen_subcommand_from ${command}'`;
      const names = words.filter((word) => !word.startsWith('--'));
      return [
        ...words
          .filter((word) => word.startsWith('--'))
          .map((word) => `${follows} -l ${word.slice(2)}`),
        ...(names.length === 0 ? [] : [`${follows} -f -a '${names.join(' ')}'`]),
      ];
    }),
  ],
};

export async function completion(words: readonly string[]): Promise<number> {
  const [shell = '', ...more] = words;
  if (shell === '--help' || shell === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  const print = Object.hasOwn(PRINTERS, shell) ? PRINTERS[shell] : undefined;
  if (print === undefined || more.length > 0) {
    throw usage('completion takes bash, zsh or fish: see vtepwatch completion --help');
  }
  process.stdout.write(`${print().join('\n')}\n`);
  return 0;
}
