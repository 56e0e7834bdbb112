import { SAME_RATE } from "./features.ts";

/** Time for which a rate must be the same to be steady, in microseconds. Chosen. */
const STEADY_US = 2_400_000;

/** Whether the rates of consecutive windows have been the same for some seconds. */
export class SteadyRate {
  #rate = NaN;
  #sinceUs = -Infinity;

  /** Adds the rate of the window that ends at `timeUs`, undefined for none, in beats/min. */
  push(timeUs: number, rate: number | undefined): void {
    // A slow change stays the same rate: only the newest two are compared.
    if (rate === undefined || !(Math.abs(rate - this.#rate) <= SAME_RATE)) this.#sinceUs = timeUs;
    this.#rate = rate ?? NaN;
  }

  /** Whether the newest rate is steady at `timeUs`. */
  isSteady(timeUs: number): boolean {
    return Number.isFinite(this.#rate) && timeUs - this.#sinceUs >= STEADY_US;
  }

  /** Forgets the rates. */
  reset(): void {
    this.#rate = NaN;
    this.#sinceUs = -Infinity;
  }
}
