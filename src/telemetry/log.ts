/** How grave a log line is; the names are those that journald shows. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** Fields of a log line: small, plain, never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What every room logs to. `every` limits lines of one `key` to one in `seconds`. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /**
   * Logs at most one line in `seconds` for `key`; the next line that passes says how many were
   * held back.
   */
  limited(
    key: string,
    seconds: number,
    level: LogLevel,
    message: string,
    fields?: LogFields,
  ): void;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
/** syslog priorities, which journald reads from a leading `<N>`. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warning: 4, error: 3 };

export interface LogOptions {
  /** The least grave level that is written. @default "info" */
  readonly level?: LogLevel;
  /** `text` for people, `json` for machines: one object a line. @default "text" */
  readonly format?: "text" | "json";
  /** Takes one finished line, with its newline. @default writes to stderr */
  readonly write?: (line: string) => void;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly nowMs?: () => number;
  /** Puts a syslog priority before each text line, as journald likes it. @default false */
  readonly journal?: boolean;
}

const encoder = new TextEncoder();

/** One mutable level and format behind a `Log`, so that a reload can change them. */
export class LineLog implements Log {
  #options: Required<LogOptions>;
  readonly #held = new Map<string, { untilMs: number; count: number }>();

  constructor(options: LogOptions = {}) {
    this.#options = {
      level: "info",
      format: "text",
      write: writeToStderr,
      nowMs: Date.now,
      journal: false,
      ...options,
    };
  }

  configure(options: LogOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  debug(message: string, fields?: LogFields): void {
    this.#line("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#line("info", message, fields);
  }
  warning(message: string, fields?: LogFields): void {
    this.#line("warning", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#line("error", message, fields);
  }

  limited(
    key: string,
    seconds: number,
    level: LogLevel,
    message: string,
    fields: LogFields = {},
  ): void {
    const nowMs = this.#options.nowMs();
    const held = this.#held.get(key);
    if (held && nowMs < held.untilMs) {
      held.count++;
      return;
    }
    this.#held.set(key, { untilMs: nowMs + seconds * 1000, count: 0 });
    this.#line(level, message, held?.count ? { ...fields, held_back: held.count } : fields);
  }

  #line(level: LogLevel, message: string, fields: LogFields = {}): void {
    const { level: least, format, write, nowMs, journal } = this.#options;
    if (RANK[level] < RANK[least]) return;
    const time = new Date(nowMs()).toISOString();
    if (format === "json") {
      return write(JSON.stringify({ time, level, message, ...fields }) + "\n");
    }
    // A line stays one line, whatever came in from outside.
    const tail = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
      .join("");
    const text = (message + tail).replaceAll(/[\r\n]+/g, " ");
    write(journal ? `<${PRIORITY[level]}>${text}\n` : `${time} ${level} ${text}\n`);
  }
}

/** Whoever reads stderr may go, or his disk be full: that is no reason to stop measuring. */
export function writeToStderr(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(line));
  } catch {
    // nobody is left to tell
  }
}

/** A log that says nothing, for tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warning() {},
  error() {},
  limited() {},
};
