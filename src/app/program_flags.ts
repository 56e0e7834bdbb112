import type { CommandName } from "../config/command_names.ts";
import { COMMANDS } from "../config/command_names.ts";
import { bool, choice, float, int, optionalPath, topic } from "../config/flag.ts";

const everyCommand = Object.keys(COMMANDS) as CommandName[];

export const loggingFlags = topic("Logging", everyCommand, {
  path: optionalPath("log_path", "Append the log to this file instead of stderr.", {
    writes: "file",
  }),
  alsoToStderr: bool("also_log_to_stderr", "Also log to stderr if --log_path is given."),
  verbosity: int(
    "verbosity",
    "Minimum level to log; -2: errors, -1: warnings, 0: information, 1: debug, with every line and " +
      "with session ids instead of their hashes.",
    {
      default: 0,
      range: [-2, 4],
    },
  ),
  tracePath: optionalPath(
    "trace_path",
    "Write the steps of each frame of the first ten minutes to this file, for ui.perfetto.dev.",
    { writes: "file", commands: ["serve"] },
  ),
  format: choice("log_format", "Format of log lines; json: one object per line.", {
    default: "text",
    choices: ["text", "json"],
  }),
});

export const programFlags = topic("Program", everyCommand, {
  help: bool("help", "Print help for the program or the command and exit.", { action: "help" }),
  version: bool("version", "Print the version and exit.", {
    action: "version",
    commands: ["serve"],
  }),
  licenses: bool("licenses", "Print the licenses of all bundled software and exit.", {
    action: "licenses",
    commands: ["serve"],
  }),
  printConfig: bool("print_config", "Print every effective value and its origin, and exit.", {
    action: "print-config",
    commands: ["serve"],
  }),
  checkCamera: bool(
    "check_camera",
    "Show for ten seconds what the camera gives and what to change, and exit with 0 if a pulse can " +
      "be measured, otherwise with 1.",
    { action: "check-camera", commands: ["serve"] },
  ),
  checkConfig: bool("check_config", "Check flags, environment and files, and exit.", {
    action: "check-config",
    commands: ["serve"],
  }),
});

/** The format of what a command prints. */
export const outputFlags = topic(
  "Output",
  ["devices", "simulate", "version", "check-camera", "check-config", "print-config"],
  { json: bool("json", "Print JSON.") },
);

/** When the server stops by itself; part of `settings.server`. */
export const stopFlags = topic("Control", ["serve"], {
  durationS: float("duration", "Stop after this number of seconds; 0: run until stopped.", {
    default: 0,
    range: [0, 2_000_000],
    placeholder: "S",
  }),
  once: bool("once", "Stop after the first core metrics with both a pulse and a breathing rate."),
});
