import type { MonotonicUs } from "../base/time.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";

/** How long a condition must hold before it is told, so that a blink is no news. */
const HOLD_US = 500_000;
/** A status is told again at least this often: silence means that the device is gone. */
const HEARTBEAT_US = 5_000_000;

/** A status that is due on the wire. */
export interface DueStatus {
  readonly name: StatusName;
  /** What happened in a few words, where the table's sentence is not enough. */
  readonly detail?: string;
  /** When the condition began, monotonic microseconds. */
  readonly sinceUs: MonotonicUs;
}

/**
 * Turns the condition of each moment into the statuses to publish: a change once it has held for
 * 0.5 s, the present one again every 5 s.
 */
export class StatusDebouncer {
  #told: DueStatus | undefined;
  #pending: DueStatus | undefined;
  #toldAtUs = -Infinity;

  /** The status that is published now; undefined before the first. */
  get current(): StatusName | undefined {
    return this.#told?.name;
  }

  /**
   * Takes the condition at `nowUs` (monotonic) and returns the status that is due, if one is.
   * The first condition, and one that is `urgent`, is due at once.
   */
  observe(
    name: StatusName,
    nowUs: MonotonicUs,
    { detail, urgent = false }: { detail?: string | undefined; urgent?: boolean } = {},
  ): DueStatus | undefined {
    const described = detail === undefined ? {} : { detail };
    if (this.#told?.name === name) {
      this.#pending = undefined;
      this.#told = { name, sinceUs: this.#told.sinceUs, ...described };
      return nowUs - this.#toldAtUs >= HEARTBEAT_US ? this.#tell(this.#told, nowUs) : undefined;
    }
    if (this.#pending?.name !== name) this.#pending = { name, sinceUs: nowUs, ...described };
    const held = nowUs - this.#pending.sinceUs >= HOLD_US;
    if (held || urgent || !this.#told) return this.#tell(this.#pending, nowUs);
    return this.#toldAtUs + HEARTBEAT_US <= nowUs ? this.#tell(this.#told, nowUs) : undefined;
  }

  #tell(status: DueStatus, nowUs: number): DueStatus {
    if (status === this.#pending) this.#pending = undefined;
    this.#told = status;
    this.#toldAtUs = nowUs;
    return status;
  }
}
