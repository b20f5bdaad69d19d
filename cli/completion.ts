import { usage } from './failure.ts';
import { KNOWN_OPTIONS } from './known-options.ts';

const HELP = `vtepwatch completion bash|zsh|fish

Prints what completes the commands and options of vtepwatch in a shell:

  bash  source <(vtepwatch completion bash)
  zsh   source <(vtepwatch completion zsh)
  fish  vtepwatch completion fish | source

  --help  this text
`;

const COMMANDS = Object.keys(KNOWN_OPTIONS);

const PRINTERS: Readonly<Record<string, () => readonly string[]>> = {
  bash: () => [
    '_vtepwatch() {',
    '  local words',
    '  case ${COMP_WORDS[1]} in',
    ...Object.entries(KNOWN_OPTIONS).map(
      ([command, options]) => `    ${command}) words='${options.join(' ')}' ;;`,
    ),
    `    *) words='${COMMANDS.join(' ')} help --help --version' ;;`,
    '  esac',
    `  [ "$COMP_CWORD" -gt 1 ] || words='${COMMANDS.join(' ')} help --help --version'`,
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")',
    '}',
    'complete -o default -F _vtepwatch vtepwatch',
  ],
  zsh: () => [
    'autoload -Uz bashcompinit && bashcompinit',
    '_vtepwatch() {',
    '  local words',
    '  case ${COMP_WORDS[2]} in',
    ...Object.entries(KNOWN_OPTIONS).map(
      ([command, options]) => `    ${command}) words='${options.join(' ')}' ;;`,
    ),
    `    *) words='${COMMANDS.join(' ')} help --help --version' ;;`,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD+1]}"))',
    '}',
    'complete -o default -F _vtepwatch vtepwatch',
  ],
  fish: () => [
    `complete -c vtepwatch -n __fish_use_subcommand -a '${COMMANDS.join(' ')} help'`,
    ...Object.entries(KNOWN_OPTIONS).flatMap(([command, options]) =>
      options.map(
        (option) =>
          `complete -c vtepwatch -n '__fish_seen_subcommand_from ${command}' -l ${option.slice(2)}`,
      ),
    ),
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
