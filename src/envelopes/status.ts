import type { MonotonicUs } from "../base/time.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";

/** Time that a condition must last before it is published, in microseconds. Chosen. */
const DEBOUNCE_US = 500_000;
/** Interval at which an unchanged status is repeated, as a sign that the server runs. Chosen. */
const HEARTBEAT_US = 5_000_000;

/** A status to publish. */
export interface DueStatus {
  readonly name: StatusName;
  /** A few words that complete the sentence of the status table. */
  readonly detail?: string;
  /** When the condition began. */
  readonly sinceUs: MonotonicUs;
}

/**
 * Derives the statuses to publish from the present condition: a change after it has lasted 0.5 s,
 * and an unchanged status every 5 s.
 */
export class StatusDebouncer {
  #published: DueStatus | undefined;
  #pending: DueStatus | undefined;
  #publishedAtUs = -Infinity;

  /** The last published status; undefined before the first. */
  get current(): StatusName | undefined {
    return this.#published?.name;
  }

  /**
   * Records the condition at `nowUs` and returns the status to publish, if one is due.
   * The first condition and urgent ones are due at once.
   */
  observe(
    name: StatusName,
    nowUs: MonotonicUs,
    { detail, urgent = false }: { detail?: string | undefined; urgent?: boolean } = {},
  ): DueStatus | undefined {
    const described = detail === undefined ? {} : { detail };
    const heartbeatDue = nowUs - this.#publishedAtUs >= HEARTBEAT_US;
    if (this.#published?.name === name) {
      this.#pending = undefined;
      this.#published = { name, sinceUs: this.#published.sinceUs, ...described };
      return heartbeatDue ? this.#publish(this.#published, nowUs) : undefined;
    }
    if (this.#pending?.name !== name) this.#pending = { name, sinceUs: nowUs, ...described };
    const lasted = nowUs - this.#pending.sinceUs >= DEBOUNCE_US;
    if (lasted || urgent || !this.#published) return this.#publish(this.#pending, nowUs);
    return heartbeatDue ? this.#publish(this.#published, nowUs) : undefined;
  }

  #publish(status: DueStatus, nowUs: MonotonicUs): DueStatus {
    if (status === this.#pending) this.#pending = undefined;
    this.#published = status;
    this.#publishedAtUs = nowUs;
    return status;
  }
}
