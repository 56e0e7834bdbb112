import { hann } from "./spectrum.ts";

/** A complex number in Cartesian form. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/**
 * Discrete-time Fourier transform of a windowed signal at one frequency:
 * Σ w[k]·x[k]·exp(-2πi·k·cycles). The phase refers to the first sample.
 *
 * @param cycles frequency in cycles per sample.
 * @param window weights, one per sample. The default is a Hann window.
 */
export function dtft(
  signal: Float64Array,
  cycles: number,
  window: Float64Array = hann(signal.length),
): Complex {
  // Rotating a phasor costs less than a sine and a cosine per sample.
  const stepRe = Math.cos(2 * Math.PI * cycles);
  const stepIm = Math.sin(2 * Math.PI * cycles);
  let phasorRe = 1;
  let phasorIm = 0;
  let re = 0;
  let im = 0;
  for (let k = 0; k < signal.length; k++) {
    const value = signal[k]! * window[k]!;
    re += value * phasorRe;
    im -= value * phasorIm;
    const next = phasorRe * stepRe - phasorIm * stepIm;
    phasorIm = phasorRe * stepIm + phasorIm * stepRe;
    phasorRe = next;
  }
  return { re, im };
}

/**
 * Power of a signal at one frequency, in the unit of `powerSpectrum`.
 *
 * @param cycles frequency in cycles per sample.
 * @param window weights, one per sample. The default is a Hann window.
 */
export function powerAt(
  signal: Float64Array,
  cycles: number,
  window: Float64Array = hann(signal.length),
): number {
  const { re, im } = dtft(signal, cycles, window);
  return re * re + im * im;
}
