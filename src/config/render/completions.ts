import { commandInfo, type CommandName, VISIBLE_COMMANDS } from "../command_names.ts";
import type { Flag } from "../flag.ts";
import type { FlagTable } from "../flag_table.ts";
import { zsh } from "./zsh.ts";

/** The shells with completions. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
/** A shell with completions. */
export type Shell = (typeof SHELLS)[number];

/** Returns a completion script for commands, flags and the choices of flags. */
export function completions(table: FlagTable, shell: Shell): string {
  switch (shell) {
    case "bash":
      return bash(table);
    case "zsh":
      return zsh(table, argumentsOf);
    case "fish":
      return fish(table);
  }
}

/** Returns the words that may follow a command. */
function argumentsOf(command: CommandName): readonly string[] {
  if (command === "completions") return SHELLS;
  return command === "help" ? VISIBLE_COMMANDS : [];
}

function bash(table: FlagTable): string {
  const cases = VISIBLE_COMMANDS.map((name) => {
    const words = [...table.flagsOf(name).map(({ flag }) => flagWord(flag)), ...argumentsOf(name)];
    return `    ${name}) flags='${words.join(" ")}' ;;`;
  });
  return `_physiology_server() {
  local word command flags values
  word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if [ "$word" = "=" ] || [ "\${COMP_WORDS[COMP_CWORD - 1]}" = "=" ]; then
    case \${COMP_WORDS[COMP_CWORD - 1]}\${COMP_WORDS[COMP_CWORD - 2]} in
${choiceCases(table)}
    esac
    [ "$word" = "=" ] && word=
    if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$word"))
    else COMPREPLY=($(compgen -f -- "$word")); fi
    return
  fi
  command=\${COMP_WORDS[1]}
  case $command in -*) command=serve ;; esac
  case $command in
${cases.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then flags="$flags ${VISIBLE_COMMANDS.join(" ")}"; fi
  COMPREPLY=($(compgen -W "$flags" -- "$word"))
  case \${COMPREPLY[0]} in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _physiology_server physiology_server
`;
}

function flagWord(flag: Flag): string {
  return flag.kind === "bool" ? `--${flag.name}` : `--${flag.name}=`;
}

function choiceCases(table: FlagTable): string {
  return table.flagsOf("serve").filter(({ flag }) => flag.choices).map(({ flag }) =>
    `      =--${flag.name} | --${flag.name}=*) values='${flag.choices?.join(" ")}' ;;`
  ).join("\n");
}

function fish(table: FlagTable): string {
  const lines = ["complete -c physiology_server -f"];
  for (const name of VISIBLE_COMMANDS) {
    const summary = quote(commandInfo(name).summary);
    lines.push(
      `complete -c physiology_server -n __fish_use_subcommand -a ${name} -d ${summary}`,
    );
    const condition = name === "serve"
      ? "'__fish_use_subcommand; or __fish_seen_subcommand_from serve'"
      : `'__fish_seen_subcommand_from ${name}'`;
    for (const word of argumentsOf(name)) {
      lines.push(`complete -c physiology_server -n ${condition} -a ${word}`);
    }
    for (const { flag } of table.flagsOf(name)) {
      const value = flag.kind === "bool"
        ? ""
        : flag.choices
        ? ` -x -a ${quote(flag.choices.join(" "))}`
        : flag.kind === "path"
        ? " -r -F"
        : " -x";
      lines.push(
        `complete -c physiology_server -n ${condition} -l ${flag.name}${value} -d ${
          quote(flag.help)
        }`,
      );
    }
  }
  return lines.join("\n") + "\n";
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
