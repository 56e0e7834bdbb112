import type { Priority } from "../alarms/rules.ts";
import type { JsonObject } from "../base/json_document.ts";
import type { Permissions } from "../config/permissions.ts";
import type { Log } from "../telemetry/log.ts";
import type { Alert } from "./alert.ts";

/** Sends alerts to one target. */
export interface Notifier extends AsyncDisposable {
  /**
   * Sends an alert; resolves when the target has accepted it.
   *
   * @param signal aborts at the time limit and at the stop of the program
   * @throws {DeliveryError} if it was rejected; any other error is retried
   */
  send(alert: Alert, signal: AbortSignal): Promise<void>;
}

/** An entry of `notify` in the file of rules. */
export interface Target {
  /** Its name in the log. */
  readonly name: string;
  readonly minPriority: Priority;
  readonly permissions: Partial<Permissions>;
  /**
   * Opens the connection and reads the secrets.
   *
   * @throws {ConfigError} if a file cannot be used
   */
  readonly open: (context: { readonly log: Log }) => Promise<Notifier>;
}

/** A kind of target: one row of `src/alerting/notifiers/list.ts`. */
export type NotifierKind = (object: JsonObject) => Pick<Target, "permissions" | "open">;

/** A rejected alert. */
export class DeliveryError extends Error {
  /** True if another attempt can succeed. */
  readonly retry: boolean;
  /** Milliseconds that the target wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { retry, retryAfterMs }: { readonly retry: boolean; readonly retryAfterMs?: number },
  ) {
    super(message);
    this.name = "DeliveryError";
    this.retry = retry;
    this.retryAfterMs = retryAfterMs;
  }
}
