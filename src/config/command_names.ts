/** Every command: its line in `--help`, and whether it also takes the flags of `serve`. */
export const COMMANDS = {
  "serve": { summary: "Measure and publish (what runs where no command is given)" },
  "devices": { summary: "List cameras, their formats, and the flags to use each" },
  "simulate": { summary: "Write a simulated video with its truth" },
  "validate": { summary: "Measure the accuracy against a reference" },
  "record": { summary: "Save the metrics of a Redis to files" },
  "dashboard": { summary: "Serve a web page that shows devices live" },
  "install": { summary: "Install the systemd service with the given flags", takesServe: true },
  "uninstall": { summary: "Undo install" },
  "check-config": { summary: "Check flags, environment and files, and stop", takesServe: true },
  "print-config": {
    summary: "Print every value in use and where it came from",
    takesServe: true,
  },
  "save-default-config": { summary: "Write the default configuration files", hidden: true },
  "version": { summary: "Print the version" },
  "licenses": { summary: "Print the licences of everything carried" },
  "completions": { summary: "Print completions for bash, zsh or fish", argument: "SHELL" },
  "man": { summary: "Print the manual page" },
  "help": { summary: "Explain the program, a command, or flags: help redis", argument: "WORD" },
} as const satisfies Record<string, CommandInfo>;

export interface CommandInfo {
  readonly summary: string;
  readonly takesServe?: boolean;
  /** Reached by a flag, and not worth a line in help. */
  readonly hidden?: boolean;
  /** The one word that may follow the command. */
  readonly argument?: string;
}

export type CommandName = keyof typeof COMMANDS;

/** The commands that a person would type, in the order of help. */
export const VISIBLE_COMMANDS: readonly CommandName[] = (Object.keys(COMMANDS) as CommandName[])
  .filter((name) => !commandInfo(name).hidden);

export function commandInfo(name: CommandName): CommandInfo {
  return COMMANDS[name];
}

/** The command that a user's word means, hyphens and underscores being the same. */
export function commandNamed(word: string): CommandName | undefined {
  const name = word.replaceAll("_", "-");
  return Object.hasOwn(COMMANDS, name) ? name as CommandName : undefined;
}
