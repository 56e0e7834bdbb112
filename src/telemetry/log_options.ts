import { type LogLevel, type LogOptions, writeToStderr } from "./log.ts";

/** The values of the flags `--verbosity`, `--log_format`, `--log_path`, `--also_log_to_stderr`. */
export interface LogSettings {
  readonly verbosity: number;
  readonly format: "text" | "json";
  readonly path: string | undefined;
  readonly alsoToStderr: boolean;
}

const LEVELS: readonly [number, LogLevel][] = [[-2, "error"], [-1, "warning"], [0, "info"]];

/** What the flags mean to a `LineLog`. A log file is opened for each line, so it may be rotated. */
export function logOptions(settings: LogSettings): LogOptions {
  const level = LEVELS.find(([most]) => settings.verbosity <= most)?.[1] ?? "debug";
  const { path } = settings;
  return {
    level,
    format: settings.format,
    // journald sets this for the processes whose stderr it reads.
    journal: path === undefined && Deno.env.has("JOURNAL_STREAM"),
    ...path === undefined ? {} : { write: (line: string) => append(path, line, settings) },
  };
}

function append(path: string, line: string, { alsoToStderr }: LogSettings): void {
  let written = true;
  try {
    Deno.writeTextFileSync(path, line, { append: true });
  } catch {
    written = false; // a full disk must not silence the log
  }
  if (alsoToStderr || !written) writeToStderr(line);
}
