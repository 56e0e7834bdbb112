import { PRIORITIES } from "../alarms/rules.ts";
import { reasonOf } from "../base/errors.ts";
import { TimeLimit } from "../base/time_limit.ts";
import { Wakeup } from "../delivery/wakeup.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { backoffMs } from "../transports/backoff.ts";
import type { Alert } from "./alert.ts";
import { DeliveryError, type Notifier, type Target } from "./notifier.ts";

/** Alerts that wait for one target at most. Chosen: some hours of a ward. */
const MAX_WAITING = 1000;
/** Time limit of one attempt, in milliseconds. Chosen. */
const ATTEMPT_MS = 10_000;
/** Delays between attempts, in milliseconds. Chosen. */
const BACKOFF = { firstMs: 1000, capMs: 60_000 };
/** Age above which an alert is dropped, in microseconds. Chosen: it is no news any more. */
const MAX_AGE_US = 3_600_000_000;
/** Interval at which an idle queue looks for its end, in milliseconds. */
const IDLE_MS = 60_000;

export interface DeliveryQueueOptions {
  readonly target: Pick<Target, "name" | "minPriority">;
  readonly notifier: Pick<Notifier, "send">;
  readonly clock: Clock;
  readonly log: Log;
  /** Time limit of one attempt, in milliseconds. @default 10 s */
  readonly attemptMs?: number;
}

/** Delivers alerts to one target in their order, each until it is accepted, rejected or too old. */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #waiting: Alert[] = [];
  readonly #wakeup = new Wakeup();
  #failures = 0;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
  }

  /** Number of alerts that are not delivered yet. */
  get length(): number {
    return this.#waiting.length;
  }

  /** True while the last attempt has failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Adds an alert, unless its priority is too low; drops the oldest one if the queue is full. */
  push(alert: Alert): void {
    const { target, log } = this.#options;
    if (PRIORITIES.indexOf(alert.priority) > PRIORITIES.indexOf(target.minPriority)) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      log.rateLimited(`alert_full_${target.name}`, 60, "error", "Dropped an alert: queue is full", {
        target: target.name,
      });
    }
    this.#waiting.push(alert);
    this.#wakeup.notify();
  }

  /** Delivers until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#wakeup.notify();
    signal.addEventListener("abort", onAbort);
    while (!signal.aborted) {
      const [alert] = this.#waiting;
      if (alert) await this.#deliver(alert, signal);
      else await this.#wakeup.wait(this.#options.clock, IDLE_MS);
    }
    signal.removeEventListener("abort", onAbort);
  }

  async #deliver(alert: Alert, signal: AbortSignal): Promise<void> {
    const { target, notifier, log, clock, attemptMs = ATTEMPT_MS } = this.#options;
    const fields = { target: target.name, device: alert.device, rule: alert.rule };
    if (this.#nowUs() - alert.time > MAX_AGE_US) {
      this.#remove(alert);
      return log.error("Dropped an alert: it is older than 1 h", fields);
    }
    using attempt = new TimeLimit(attemptMs, signal);
    try {
      await notifier.send(alert, attempt.signal);
      this.#remove(alert);
      this.#failures = 0;
      log.info("Sent an alert", { ...fields, event: alert.event });
    } catch (error) {
      if (signal.aborted) return;
      const reason = reasonOf(error);
      if (error instanceof DeliveryError && !error.retry) {
        this.#remove(alert);
        return log.error("Dropped an alert: the target rejects it", { ...fields, reason });
      }
      log.warning("Cannot send an alert: trying again", { ...fields, reason });
      const asked = error instanceof DeliveryError ? error.retryAfterMs : undefined;
      const delayMs = Math.max(backoffMs(++this.#failures, BACKOFF), asked ?? 0);
      await clock.sleep(delayMs, signal);
    }
  }

  #nowUs(): number {
    const { clock } = this.#options;
    return clock.epochUs(clock.monotonicUs());
  }

  /** The alert may have been dropped meanwhile. */
  #remove(alert: Alert): void {
    if (this.#waiting[0] === alert) this.#waiting.shift();
  }
}
