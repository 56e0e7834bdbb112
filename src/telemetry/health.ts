import type { Clock } from "./clock.ts";

/** The events that a healthy server repeats. */
export const HEALTH_EVENTS = ["frame", "metric", "acknowledgement"] as const;
/** A frame was captured, core metrics were produced, or a backend acknowledged a message. */
export type HealthEvent = typeof HEALTH_EVENTS[number];

export interface HealthReport {
  readonly healthy: boolean;
  /** Seconds since each event; absent for one that never happened. */
  readonly agesS: Readonly<Partial<Record<HealthEvent, number>>>;
  /** One sentence for each missing event. */
  readonly reasons: readonly string[];
}

/** Maximum age of each event, in seconds; events without a limit are not checked. */
export type HealthLimits = Readonly<Partial<Record<HealthEvent, number>>>;

const SENTENCES: Readonly<Record<HealthEvent, string>> = {
  frame: "No frame has been captured",
  metric: "No core metrics have been produced",
  acknowledgement: "No message has been acknowledged",
};

/**
 * Health of the server by the ages of its events. An open connection or a living process proves
 * nothing: neither may have done any work for an hour.
 */
export class Health {
  readonly #clock: Clock;
  readonly #startedUs: number;
  readonly #lastUs = new Map<HealthEvent, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedUs = clock.monotonicUs();
  }

  /** Records that `event` happened now. */
  record(event: HealthEvent): void {
    this.#lastUs.set(event, this.#clock.monotonicUs());
  }

  /** Seconds since the last `event`, or undefined if there was none. */
  ageS(event: HealthEvent): number | undefined {
    const lastUs = this.#lastUs.get(event);
    return lastUs === undefined ? undefined : (this.#clock.monotonicUs() - lastUs) / 1e6;
  }

  /**
   * Compares the age of each event with its limit. The age of an event that never happened counts
   * from the start of the server.
   */
  evaluate(limits: HealthLimits): HealthReport {
    const sinceStartS = (this.#clock.monotonicUs() - this.#startedUs) / 1e6;
    const agesS: Partial<Record<HealthEvent, number>> = {};
    const reasons: string[] = [];
    for (const event of HEALTH_EVENTS) {
      const ageS = this.ageS(event);
      if (ageS !== undefined) agesS[event] = ageS;
      const limitS = limits[event];
      const missingS = ageS ?? sinceStartS;
      if (limitS !== undefined && missingS > limitS) {
        reasons.push(`${SENTENCES[event]} for ${missingS.toFixed(1)} s`);
      }
    }
    return { healthy: reasons.length === 0, agesS, reasons };
  }
}
