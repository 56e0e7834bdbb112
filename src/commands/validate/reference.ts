import { findPeaks, powerSpectrum } from "../../vitals/signal/spectrum.ts";
import { bandPass } from "../../vitals/signal/bandpass.ts";
import { resample } from "../../vitals/signal/resample.ts";
import { SampleRing } from "../../vitals/signal/ring.ts";

/** The truth of one vital at any window: a rate, or undefined where it cannot be said. */
export interface Reference {
  /** In 1/min, over the window that ends at `endS` seconds. */
  rateAt(endS: number, windowS: number): number | undefined;
}

/** Where the rate of a waveform is looked for, in 1/min. */
export interface RateBand {
  readonly low: number;
  readonly high: number;
}

export const PULSE_REFERENCE: RateBand = { low: 35, high: 200 };
export const BREATHING_REFERENCE: RateBand = { low: 3, high: 50 };

/** The mean of a column of rates over the window. */
export function rateReference(times: Float64Array, rates: Float64Array): Reference {
  return {
    rateAt(endS, windowS) {
      let sum = 0;
      let count = 0;
      for (let row = 0; row < times.length; row++) {
        const inside = times[row]! > endS - windowS && times[row]! <= endS + 1e-6;
        if (inside && Number.isFinite(rates[row])) {
          sum += rates[row]!;
          count++;
        }
      }
      return count ? sum / count : undefined;
    },
  };
}

/** The strongest frequency of a column that is a waveform, in the same window. */
export function waveformReference(
  times: Float64Array,
  wave: Float64Array,
  { low, high }: RateBand,
): Reference {
  const ring = new SampleRing({ capacity: times.length, channels: 1 });
  times.forEach((time, row) => ring.push(time * 1e6, [wave[row]!]));
  const sampleRateHz = high > 60 ? 30 : 10;
  const lastS = times.at(-1) ?? 0;
  return {
    rateAt(endS, windowS) {
      const length = Math.round(windowS * sampleRateHz);
      const startUs = Math.min(endS, lastS) * 1e6 - ((length - 1) * 1e6) / sampleRateHz;
      if (startUs < (times[0] ?? Infinity) * 1e6 - 1e6 / sampleRateHz) return undefined;
      const grid = { startUs, sampleRateHz, length };
      const signal = resample(ring, { channel: 0, grid });
      let known = 0;
      for (const value of signal) if (Number.isFinite(value)) known++;
      if (known < 0.9 * length) return undefined;
      const filled = signal.map((value, k) => Number.isFinite(value) ? value : signal[k - 1] ?? 0);
      for (let k = 1; k < length; k++) if (!Number.isFinite(filled[k])) filled[k] = filled[k - 1]!;
      const clean = bandPass(filled, {
        lowHz: (0.6 * low) / 60,
        highHz: Math.min(0.45 * sampleRateHz, (1.5 * high) / 60),
        sampleRateHz,
      });
      const spectrum = powerSpectrum(clean, { sampleRateHz, padFactor: 6 });
      const [peak] = findPeaks(spectrum, { lowHz: low / 60, highHz: high / 60 });
      return peak ? 60 * peak.frequencyHz : undefined;
    },
  };
}
