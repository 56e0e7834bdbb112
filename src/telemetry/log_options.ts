import { type LogLevel, type LogOptions, writeToStderr } from "./log.ts";

/** Values of the flags `--verbosity`, `--log_format`, `--log_path`, `--also_log_to_stderr`. */
export interface LogSettings {
  readonly verbosity: number;
  readonly format: "text" | "json";
  readonly path: string | undefined;
  readonly alsoToStderr: boolean;
  /** Whether a flag of a transport, such as `--redis_enable_debug_logging`, logs every message. */
  readonly everyMessage?: boolean;
}

const LEVELS: readonly [number, LogLevel][] = [[-2, "error"], [-1, "warning"], [0, "info"]];

/** Returns the options of a `LineLog` for the flags. A log file is opened for each line, so it can be rotated. */
export function logOptions(settings: LogSettings): LogOptions {
  const level = LEVELS.find(([maxVerbosity]) => settings.verbosity <= maxVerbosity)?.[1] ?? "debug";
  const { path } = settings;
  return {
    level,
    format: settings.format,
    debugging: level === "debug" || (settings.everyMessage ?? false),
    // systemd sets JOURNAL_STREAM if stderr is connected to the journal.
    journal: path === undefined && Deno.env.has("JOURNAL_STREAM"),
    ...path === undefined ? {} : { write: (line: string) => append(path, line, settings) },
  };
}

function append(path: string, line: string, { alsoToStderr }: LogSettings): void {
  let written = true;
  try {
    Deno.writeTextFileSync(path, line, { append: true });
  } catch {
    written = false; // on a full disk, log to stderr instead
  }
  if (alsoToStderr || !written) writeToStderr(line);
}
