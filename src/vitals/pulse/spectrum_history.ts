import { decibels } from "../signal/decibels.ts";
import { powerNear, type Spectrum } from "../signal/spectrum.ts";

/** Distance between two compared windows: the longest window, so that they do not overlap. */
const DISTANCE_US = 10_000_000;
/** The distance may be this much longer: after a gap, spectra are further apart. Chosen. */
const MAX_EXCESS_US = 3_000_000;
/** The distance may be this much shorter: spectra are not exactly periodic. Chosen. */
const MAX_SHORTFALL_US = 300_000;
/** How far the pulse rate may change over the distance, in hertz: 6 beats/min. Chosen. */
const MAX_DRIFT_HZ = 0.1;
/** Lower limit of the relative power, in decibels. Chosen. */
const MIN_DB = -30;

/** The fused spectra of the last seconds: evidence that is independent of the newest window. */
export class SpectrumHistory {
  #spectra: { readonly timeUs: number; readonly spectrum: Spectrum }[] = [];

  /** Adds the fused spectrum of the window that ends at `timeUs`. */
  push(timeUs: number, spectrum: Spectrum): void {
    this.#spectra.push({ timeUs, spectrum });
    const oldestUs = timeUs - DISTANCE_US - MAX_EXCESS_US;
    while (this.#spectra[0]!.timeUs < oldestUs) this.#spectra.shift();
  }

  /**
   * Power near a frequency relative to the strongest power of the band, in the spectrum of ten
   * seconds before `timeUs`, in decibels: 0 if the frequency was the strongest. Near is within
   * 6 beats/min.
   *
   * @returns undefined if there is no spectrum of that time.
   */
  relativePowerDb(
    frequencyHz: number,
    { timeUs, lowHz, highHz }: { timeUs: number; lowHz: number; highHz: number },
  ): number | undefined {
    const newestUs = timeUs - DISTANCE_US + MAX_SHORTFALL_US;
    const earlier = this.#spectra.findLast((entry) => entry.timeUs <= newestUs);
    if (!earlier || earlier.timeUs < timeUs - DISTANCE_US - MAX_EXCESS_US) return undefined;
    const { spectrum } = earlier;
    const strongest = powerNear(spectrum, (lowHz + highHz) / 2, (highHz - lowHz) / 2);
    const ratio = powerNear(spectrum, frequencyHz, MAX_DRIFT_HZ) / strongest;
    return Math.min(0, decibels(ratio, { minDb: MIN_DB }));
  }

  /** Removes all spectra. */
  reset(): void {
    this.#spectra = [];
  }
}
