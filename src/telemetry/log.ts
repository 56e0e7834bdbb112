import { LineLimit } from "./line_limit.ts";
import { escapeInvisible, hashedId } from "./log_text.ts";

/** Severity of a log line, by the names that journald shows. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** Fields of a log line; never put secrets here. A `session_id` is written as a hash. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log with four levels. Of lines with one cause, at most 20 in 10 s are written. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /**
   * Logs at most one line per `key` in `seconds`. The next line has the number of suppressed lines
   * in the field `held_back`.
   */
  rateLimited(
    key: string,
    seconds: number,
    level: LogLevel,
    message: string,
    fields?: LogFields,
  ): void;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
/** Syslog priorities, which journald reads from the prefix `<N>` (sd-daemon(3)). */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warning: 4, error: 3 };

export interface LogOptions {
  /** Minimum level. @default "info" */
  readonly level?: LogLevel;
  /** `text`, or `json` with one object per line. @default "text" */
  readonly format?: "text" | "json";
  /** Writes one line, which ends with a newline. @default writes to stderr */
  readonly write?: (line: string) => void;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly nowMs?: () => number;
  /** Prefixes each text line with its syslog priority, for journald. @default false */
  readonly journal?: boolean;
  /** Writes every line, and session ids as they are. @default false */
  readonly debugging?: boolean;
}

const encoder = new TextEncoder();

/** Log that writes one line per message. A reload can change its options. */
export class LineLog implements Log {
  #options: Required<LogOptions>;
  readonly #suppressed = new Map<string, { untilMs: number; count: number }>();
  readonly #limit = new LineLimit();

  constructor(options: LogOptions = {}) {
    this.#options = {
      level: "info",
      format: "text",
      write: writeToStderr,
      nowMs: Date.now,
      journal: false,
      debugging: false,
      ...options,
    };
  }

  configure(options: LogOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  debug(message: string, fields?: LogFields): void {
    this.#limited("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#limited("info", message, fields);
  }
  warning(message: string, fields?: LogFields): void {
    this.#limited("warning", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#limited("error", message, fields);
  }

  rateLimited(
    key: string,
    seconds: number,
    level: LogLevel,
    message: string,
    fields: LogFields = {},
  ): void {
    const nowMs = this.#options.nowMs();
    const suppressed = this.#suppressed.get(key);
    if (suppressed && nowMs < suppressed.untilMs) {
      suppressed.count++;
      return;
    }
    this.#suppressed.set(key, { untilMs: nowMs + seconds * 1000, count: 0 });
    const count = suppressed?.count;
    this.#line(level, message, count ? { ...fields, held_back: count } : fields);
  }

  #limited(level: LogLevel, message: string, fields?: LogFields): void {
    const { level: minLevel, debugging, nowMs } = this.#options;
    if (RANK[level] < RANK[minLevel]) return;
    const count = debugging ? 0 : this.#limit.take(message, nowMs());
    if (count === undefined) return;
    this.#line(level, message, count > 0 ? { ...fields, held_back: count } : fields);
  }

  #line(level: LogLevel, message: string, fields: LogFields = {}): void {
    const { level: minLevel, format, write, nowMs, journal, debugging } = this.#options;
    if (RANK[level] < RANK[minLevel]) return;
    const time = new Date(nowMs()).toISOString();
    const shown = debugging ? fields : withoutIds(fields);
    if (format === "json") {
      const line = JSON.stringify({ time, level, message, ...shown });
      return write(escapeInvisible(line) + "\n");
    }
    const tail = Object.entries(shown)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
      .join("");
    // Line breaks in messages from outside would forge log lines.
    const text = escapeInvisible((message + tail).replaceAll(/[\r\n]+/g, " "));
    write(journal ? `<${PRIORITY[level]}>${text}\n` : `${time} ${level} ${text}\n`);
  }
}

/** A session id may name a patient. */
function withoutIds(fields: LogFields): LogFields {
  const { session_id: id } = fields;
  return typeof id === "string" ? { ...fields, session_id: hashedId(id) } : fields;
}

/** Writes to stderr and ignores errors: a closed pipe or a full disk must not stop the program. */
export function writeToStderr(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(line));
  } catch {
    // No other output is left.
  }
}

/** Log that discards everything, for tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warning() {},
  error() {},
  rateLimited() {},
};
