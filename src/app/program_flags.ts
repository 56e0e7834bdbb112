import type { CommandName } from "../config/command_names.ts";
import { COMMANDS } from "../config/command_names.ts";
import { bool, choice, float, int, optionalPath, topic } from "../config/flag.ts";

const everyCommand = Object.keys(COMMANDS) as CommandName[];

export const loggingFlags = topic("Logging", everyCommand, {
  path: optionalPath("log_path", "Append the log to a file instead of stderr.", {
    writes: "file",
  }),
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

export const programFlags = topic("Program", everyCommand, {
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
export const outputFlags = topic("Output", ["devices", "version", "check-config", "print-config"], {
  json: bool("json", "Print JSON."),
});

/** When the server stops by itself; part of `settings.server`. */
export const stopFlags = topic("Control", ["serve"], {
  durationS: float("duration", "Stop after so many seconds; 0: not by itself.", {
    default: 0,
    range: [0, 2_000_000],
    placeholder: "S",
  }),
  once: bool("once", "Stop after the first core metrics that hold a pulse and a breathing rate."),
});
