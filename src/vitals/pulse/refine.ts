import { powerAt } from "../signal/dtft.ts";
import { interpolatePeak } from "../signal/spectrum.ts";

/** Half the width of the searched range around the candidate, in hertz. Chosen. */
const MAX_OFFSET_HZ = 0.1;
const STEP_HZ = 0.02;
/** Weight of the first harmonic. Measured; see `refineFrequency`. */
const HARMONIC_WEIGHT = 0.6;

/**
 * Refines the frequency of a candidate beyond the resolution of the spectrum: the maximum of
 * P(f) + 0.6·P(2f), where P is the power under a sine window, which weights more of the signal than
 * a Hann window. For a signal of two harmonics in white noise, the maximum of P(f) + P(2f) is the
 * maximum likelihood estimate (Quinn and Thomson, Biometrika 78(1), 1991); the harmonic of an rPPG
 * signal has a lower SNR. Of ten windows and three weights, this pair had the lowest error on average
 * over the recordings of two laboratories with contact sensors; several others are as good within
 * 0.02 beats/min.
 *
 * @returns the unchanged frequency if there is no maximum within 0.1 Hz.
 */
export function refineFrequency(
  signal: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const window = signal.map((_, k) => Math.sin((Math.PI * (k + 0.5)) / signal.length));
  const steps = Math.round(MAX_OFFSET_HZ / STEP_HZ);
  const power = Float64Array.from({ length: 2 * steps + 1 }, (_, k) => {
    const cycles = (frequencyHz + (k - steps) * STEP_HZ) / sampleRateHz;
    return powerAt(signal, cycles, window) + HARMONIC_WEIGHT * powerAt(signal, 2 * cycles, window);
  });
  let peak = steps;
  for (let k = 0; k < power.length; k++) if (power[k]! > power[peak]!) peak = k;
  if (peak === 0 || peak === power.length - 1) return frequencyHz;
  const { frequencyHz: offsetHz } = interpolatePeak({ power, binHz: STEP_HZ }, peak);
  return frequencyHz + offsetHz - MAX_OFFSET_HZ;
}
