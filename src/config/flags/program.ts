import type { CommandName } from "../command_names.ts";
import { COMMANDS } from "../command_names.ts";
import { bool, choice, int, optionalPath, topic } from "../flag.ts";

const everyCommand = Object.keys(COMMANDS) as CommandName[];

export const logging = topic("Logging", everyCommand, {
  path: optionalPath("log_path", "Append the log to a file instead of stderr."),
  alsoToStderr: bool("also_log_to_stderr", "Log to stderr as well where --log_path is given."),
  verbosity: int(
    "verbosity",
    "-2: errors only, -1: warnings too, 0: what happens, 1: everything.",
    {
      default: 0,
      range: [-2, 4],
    },
  ),
  format: choice("log_format", "text for people, json: one object a line.", {
    default: "text",
    choices: ["text", "json"],
  }),
});

export const program = topic("Program", everyCommand, {
  help: bool("help", "Explain the program or the command and stop.", { action: "help" }),
  version: bool("version", "Print the version and stop.", {
    action: "version",
    commands: ["serve"],
  }),
  licenses: bool("licenses", "Print the licences of everything carried and stop.", {
    action: "licenses",
    commands: ["serve"],
  }),
  printConfig: bool("print_config", "Print every value in use and where it came from, and stop.", {
    action: "print-config",
    commands: ["serve"],
  }),
  checkConfig: bool("check_config", "Check flags, environment and files, and stop.", {
    action: "check-config",
    commands: ["serve"],
  }),
});

/** The form of what a command prints. */
export const output = topic("Output", ["devices", "version", "check-config", "print-config"], {
  json: bool("json", "Print JSON."),
});

export const install = topic("Installation", ["install", "uninstall"], {
  dryRun: bool("dry_run", "Print what would be done and do nothing."),
  root: optionalPath(
    "root",
    "Install into the system that lies under this folder, such as the image of a card.",
    { placeholder: "FOLDER" },
  ),
});
