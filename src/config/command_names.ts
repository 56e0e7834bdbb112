/** Every command, in the order of help. */
export const COMMANDS = {
  "serve": { summary: "Measure and publish (the default command)" },
  "up": {
    summary: "Start without flags: find a camera and a broker, print the page's address",
    takesServe: true,
  },
  "devices": { summary: "List cameras, their formats, and the flags that select them" },
  "simulate": {
    summary: "Write a simulated video, or publish the messages of a fleet (--devices)",
  },
  "validate": { summary: "Measure the accuracy against a reference" },
  "record": { summary: "Save the metrics from Redis to files" },
  "alert": { summary: "Send alerts about devices by webhook, ntfy, MQTT or a program" },
  "fhir": { summary: "Export the vital signs from Redis as FHIR R4 resources" },
  "log": { summary: "Write the metrics from Redis to a database" },
  "dashboard": { summary: "Serve a web page with live data of devices" },
  "acl": { summary: "Print the rules of Redis users for devices, and generate their passwords" },
  "install": { summary: "Install the systemd service with the given flags", takesServe: true },
  "uninstall": { summary: "Remove the installed service" },
  "check-camera": {
    summary: "Show what the camera gives and what to change (--check_camera)",
    takesServe: true,
  },
  "check-config": { summary: "Check flags, environment and files", takesServe: true },
  "print-config": {
    summary: "Print every effective value and its origin",
    takesServe: true,
  },
  "save-default-config": { summary: "Write the default configuration files", hidden: true },
  "version": { summary: "Print the version" },
  "licenses": { summary: "Print the licenses of all bundled software" },
  "completions": { summary: "Print shell completions for bash, zsh or fish", argument: "SHELL" },
  "man": { summary: "Print the manual page" },
  "help": {
    summary: "Print help for the program, a command, or flags: help redis",
    argument: "WORD",
  },
} as const satisfies Record<string, CommandInfo>;

/** The description of a command. */
export interface CommandInfo {
  /** Its line in the list of commands. */
  readonly summary: string;
  /** True if it takes every flag of `serve` too. */
  readonly takesServe?: boolean;
  /** True if only a flag runs it, so that help does not list it. */
  readonly hidden?: boolean;
  /** The placeholder of the word that may follow the command. */
  readonly argument?: string;
}

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** The commands that help lists. */
export const VISIBLE_COMMANDS: readonly CommandName[] = (Object.keys(COMMANDS) as CommandName[])
  .filter((name) => !commandInfo(name).hidden);

/** Returns the description of a command. */
export function commandInfo(name: CommandName): CommandInfo {
  return COMMANDS[name];
}

/** Finds a command by its name; hyphens and underscores are equivalent. */
export function commandNamed(word: string): CommandName | undefined {
  const name = word.replaceAll("_", "-");
  return Object.hasOwn(COMMANDS, name) ? name as CommandName : undefined;
}
