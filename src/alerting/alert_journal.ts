import { ConfigError, reasonOf } from "../base/errors.ts";
import type { Log } from "../telemetry/log.ts";
import type { Alert } from "./alert.ts";

/** Appends each alert as a line of JSON to a file. */
export class AlertJournal {
  /** @throws {ConfigError} if the file cannot be written */
  constructor(private readonly path: string, private readonly log: Log) {
    try {
      append(path, "");
    } catch (cause) {
      throw new ConfigError(`Cannot write the journal ${path}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Appends an alert; a failure is logged. The file is opened each time, so that it can be rotated. */
  write(alert: Alert): void {
    try {
      append(this.path, JSON.stringify(alert) + "\n");
    } catch (error) {
      this.log.rateLimited("alert_journal", 60, "error", "Cannot write the journal", {
        reason: reasonOf(error),
      });
    }
  }
}

function append(path: string, text: string): void {
  Deno.writeTextFileSync(path, text, { append: true, mode: 0o600 });
}
