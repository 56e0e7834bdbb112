import type { Clock } from "./clock.ts";

/** What a living server does again and again. */
export const SIGNS = ["frame", "metric", "acknowledgement"] as const;
/** A frame was captured, core metrics were made, a backend acknowledged a message. */
export type Sign = typeof SIGNS[number];

export interface HealthVerdict {
  readonly healthy: boolean;
  /** Seconds since each sign; absent for one that never was. */
  readonly agesS: Readonly<Partial<Record<Sign, number>>>;
  /** What is missing, a sentence each. */
  readonly reasons: readonly string[];
}

/** Seconds after which the absence of a sign is an illness. */
export type HealthLimits = Readonly<Partial<Record<Sign, number>>>;

const SENTENCES: Readonly<Record<Sign, string>> = {
  frame: "No frame has been captured",
  metric: "No core metrics have been made",
  acknowledgement: "No message has been acknowledged",
};

/**
 * How long ago the server last did what it is for. Health is made of these ages: a connection
 * may be open, and a process alive, that has done nothing for an hour.
 */
export class Health {
  readonly #clock: Clock;
  readonly #startedUs: number;
  readonly #lastUs = new Map<Sign, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedUs = clock.monotonicUs();
  }

  /** Notes that it happened now. */
  note(sign: Sign): void {
    this.#lastUs.set(sign, this.#clock.monotonicUs());
  }

  /** Seconds since it last happened, or undefined where it never did. */
  ageS(sign: Sign): number | undefined {
    const lastUs = this.#lastUs.get(sign);
    return lastUs === undefined ? undefined : (this.#clock.monotonicUs() - lastUs) / 1e6;
  }

  /** Healthy while every sign in `limits` is younger than its limit; a start has as long. */
  judge(limits: HealthLimits): HealthVerdict {
    const sinceStartS = (this.#clock.monotonicUs() - this.#startedUs) / 1e6;
    const agesS: Partial<Record<Sign, number>> = {};
    const reasons: string[] = [];
    for (const sign of SIGNS) {
      const ageS = this.ageS(sign);
      if (ageS !== undefined) agesS[sign] = ageS;
      const limitS = limits[sign];
      const missingS = ageS ?? sinceStartS;
      if (limitS !== undefined && missingS > limitS) {
        reasons.push(`${SENTENCES[sign]} for ${missingS.toFixed(1)} s`);
      }
    }
    return { healthy: reasons.length === 0, agesS, reasons };
  }
}
