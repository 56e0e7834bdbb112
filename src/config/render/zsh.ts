import { commandInfo, type CommandName, VISIBLE_COMMANDS } from "../command_names.ts";
import type { Flag } from "../flag.ts";
import type { FlagTable } from "../flag_table.ts";

/** Returns a completion script for zsh, as a file `_physiology_server` in fpath or to be sourced. */
export function zsh(
  table: FlagTable,
  argumentsOf: (command: CommandName) => readonly string[],
): string {
  const commands = VISIBLE_COMMANDS.map((name) =>
    `    ${quote(`${name}:${commandInfo(name).summary}`)}`
  );
  const cases = VISIBLE_COMMANDS.map((name) => {
    const words = argumentsOf(name);
    const specs = table.flagsOf(name).map(({ flag }) => quote(specOf(flag)));
    if (words.length > 0) specs.push(quote(`1:argument:(${words.join(" ")})`));
    return `    ${name}) _arguments ${specs.join(" ")} ;;`;
  });
  return `#compdef physiology_server
_physiology_server() {
  local command=$words[2]
  local -a commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )) && [[ $command != -* ]]; then
    _describe command commands
    return
  fi
  if [[ $command == -* ]]; then command=serve
  else shift words; (( CURRENT-- )); fi
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _physiology_server ]]; then _physiology_server "$@"
else compdef _physiology_server physiology_server; fi
`;
}

/** Formats a flag for zsh's `_arguments`. */
function specOf(flag: Flag): string {
  const help = flag.help.replaceAll(/[[\]:\\]/g, "\\$&");
  if (flag.kind === "bool") return `--${flag.name}[${help}]`;
  const values = flag.choices
    ? `(${flag.choices.join(" ")})`
    : flag.kind === "path"
    ? "_files"
    : " ";
  return `--${flag.name}=[${help}]:value:${values}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
