import { powerAt } from "../signal/tone.ts";
import { powerNear, type Spectrum } from "../signal/spectrum.ts";

/** A window supports a later one that began where it ended. */
const AGO_US = 10_000_000;
/** Judgements come once or twice a second, later after a hole. */
const TOLERANCE_US = 3_000_000;
/** How far a heart may have moved meanwhile, Hz: 6 beats/min. */
const DRIFT_HZ = 0.1;
/** Parts whose strength is compared: thirds of the window, overlapping by half. */
const PARTS = 5;
/** The least that is told of evenness and of support, dB. */
const LEAST_DB = -30;

/**
 * How evenly a wave swings at a frequency over its length: the power of its weakest part over the
 * mean of all, dB; 0 at best. A heart goes on. Noise swells and fades (the envelope of narrow noise
 * is Rayleigh's), and a jump of the light is only in one part.
 */
export function amplitudeStabilityDb(wave: Float64Array, cycles: number): number {
  const size = Math.floor(wave.length / 3);
  let sum = 0;
  let least = Infinity;
  for (let part = 0; part < PARTS; part++) {
    const from = Math.floor((part * (wave.length - size)) / (PARTS - 1));
    const power = powerAt(wave.subarray(from, from + size), cycles);
    sum += power;
    least = Math.min(least, power);
  }
  return decibels((PARTS * least) / sum);
}

/** Fused spectra of the last seconds: evidence that the newest window does not hold. */
export class PastSpectra {
  #spectra: { readonly timeUs: number; readonly spectrum: Spectrum }[] = [];

  push(timeUs: number, spectrum: Spectrum): void {
    this.#spectra.push({ timeUs, spectrum });
    while (this.#spectra[0]!.timeUs < timeUs - AGO_US - TOLERANCE_US) this.#spectra.shift();
  }

  /**
   * How much a frequency, or the best within 6 beats/min, stood behind the strongest of the band
   * ten seconds before, dB: 0 where it was the strongest; undefined where that time is not known.
   */
  supportDb(
    frequencyHz: number,
    { timeUs, lowHz, highHz }: { timeUs: number; lowHz: number; highHz: number },
  ): number | undefined {
    // A little earlier than on the raster of judgements will do.
    const past = this.#spectra.findLast((known) => known.timeUs <= timeUs - AGO_US + 300_000);
    if (!past || past.timeUs < timeUs - AGO_US - TOLERANCE_US) return undefined;
    const { spectrum } = past;
    const strongest = powerNear(spectrum, (lowHz + highHz) / 2, (highHz - lowHz) / 2);
    return Math.min(0, decibels(powerNear(spectrum, frequencyHz, DRIFT_HZ) / strongest));
  }

  reset(): void {
    this.#spectra = [];
  }
}

function decibels(ratio: number): number {
  return ratio > 0 ? Math.max(LEAST_DB, 10 * Math.log10(ratio)) : LEAST_DB;
}
