import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Alert } from "./alert.ts";
import { DeliveryQueue } from "./delivery_queue.ts";
import { sendHeartbeats } from "./heartbeat.ts";
import type { Notifier } from "./notifier.ts";
import type { AlertRules } from "./targets.ts";

export interface OutboundOptions {
  readonly rules: AlertRules;
  /** Returns what keeps the service from receiving envelopes. */
  readonly problem: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The targets of one file of rules, each with its queue, and the heartbeat; closed when disposed. */
export class Outbound implements AsyncDisposable {
  readonly #queues: readonly DeliveryQueue[];
  readonly #notifiers: readonly Notifier[];
  readonly #ending = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #clock: Clock;

  /** @throws {ConfigError} if a file of a target cannot be used */
  static async open(options: OutboundOptions): Promise<Outbound> {
    const notifiers: Notifier[] = [];
    try {
      for (const target of options.rules.targets) notifiers.push(await target.open(options));
    } catch (error) {
      for (const notifier of notifiers) await notifier[Symbol.asyncDispose]();
      throw error;
    }
    return new Outbound(notifiers, options);
  }

  private constructor(
    notifiers: readonly Notifier[],
    { rules, problem, clock, log }: OutboundOptions,
  ) {
    this.#clock = clock;
    this.#notifiers = notifiers;
    this.#queues = notifiers.map((notifier, index) =>
      new DeliveryQueue({ target: rules.targets[index]!, notifier, clock, log })
    );
    const { signal } = this.#ending;
    const isFailing = () => this.#queues.some((queue) => queue.isFailing);
    this.#running = Promise.all([
      ...this.#queues.map((queue) => queue.run(signal)),
      ...rules.heartbeatUrl
        ? [sendHeartbeats({
          url: rules.heartbeatUrl,
          problem: () => problem() ?? (isFailing() ? "alerts cannot be sent" : undefined),
          clock,
          log,
        }, signal)]
        : [],
    ]);
  }

  /** Sends an alert to every target. */
  send(alert: Alert): void {
    for (const queue of this.#queues) queue.push(alert);
  }

  /** Waits until everything is sent, for at most `ms` milliseconds. */
  async flush(ms: number): Promise<void> {
    for (let waited = 0; waited < ms && this.#queues.some(({ length }) => length > 0);) {
      await this.#clock.sleep(50);
      waited += 50;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    for (const notifier of this.#notifiers) await notifier[Symbol.asyncDispose]();
  }
}
