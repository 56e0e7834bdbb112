import { hann } from "./spectrum.ts";

/** A complex amplitude. */
export interface Tone {
  readonly re: number;
  readonly im: number;
}

/**
 * One value of the discrete-time Fourier transform of a wave under a window:
 * Σ w[k]·x[k]·exp(-2πi·k·cycles). Its phase is that at the wave's first sample.
 *
 * @param cycles frequency in cycles a sample.
 */
export function toneAt(wave: Float64Array, cycles: number, window = hann(wave.length)): Tone {
  // One rotation a sample instead of a sine and a cosine.
  const stepRe = Math.cos(2 * Math.PI * cycles);
  const stepIm = Math.sin(2 * Math.PI * cycles);
  let turnRe = 1;
  let turnIm = 0;
  let re = 0;
  let im = 0;
  for (let k = 0; k < wave.length; k++) {
    const value = wave[k]! * window[k]!;
    re += value * turnRe;
    im -= value * turnIm;
    const next = turnRe * stepRe - turnIm * stepIm;
    turnIm = turnRe * stepIm + turnIm * stepRe;
    turnRe = next;
  }
  return { re, im };
}

/** The power of a wave at a frequency in cycles a sample, in the unit of `powerSpectrum`. */
export function powerAt(wave: Float64Array, cycles: number, window = hann(wave.length)): number {
  const { re, im } = toneAt(wave, cycles, window);
  return re * re + im * im;
}
