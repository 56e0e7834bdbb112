import { fft, nextPowerOfTwo } from "./fft.ts";

/** A one-sided power spectrum: bin `m` is at `m * binHz`. */
export interface Spectrum {
  readonly power: Float64Array;
  readonly binHz: number;
}

/** A local maximum of a power spectrum, interpolated between bins. */
export interface Peak {
  readonly frequencyHz: number;
  readonly power: number;
  /** Index of the highest bin. */
  readonly bin: number;
}

const hannWindows = new Map<number, Float64Array>();

/** Symmetric Hann window of `length` samples, cached. */
export function hann(length: number): Float64Array {
  let window = hannWindows.get(length);
  if (!window) {
    window = new Float64Array(length);
    for (let k = 0; k < length; k++) {
      window[k] = length < 2 ? 1 : 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / (length - 1));
    }
    if (hannWindows.size > 64) hannWindows.clear();
    hannWindows.set(length, window);
  }
  return window;
}

let scratchRe = new Float64Array(0);
let scratchIm = new Float64Array(0);

interface SpectrumOptions {
  readonly sampleRateHz: number;
  /**
   * Zero padding: transform length over signal length, rounded up to a power of two.
   *
   * @default 3, at which the error of peak interpolation is under 0.02/T for a signal of length T.
   */
  readonly padFactor?: number;
}

/**
 * Periodogram of a signal under a Hann window, with zero padding. The mean of the finite values is
 * subtracted first; gaps (NaN) become zero.
 *
 * @returns the spectrum from 0 Hz to half the sample rate, in the signal's unit squared.
 */
export function powerSpectrum(signal: Float64Array, options: SpectrumOptions): Spectrum {
  return powerSpectra([signal], options)[0]!;
}

/**
 * Power spectra of several signals of the same length, as `powerSpectrum` computes them, at half the
 * cost: one complex transform handles two real signals, which the sum and the difference of mirrored
 * bins separate.
 */
export function powerSpectra(
  signals: readonly Float64Array[],
  { sampleRateHz, padFactor = 3 }: SpectrumOptions,
): Spectrum[] {
  const n = signals[0]?.length ?? 0;
  const size = nextPowerOfTwo(n * padFactor);
  if (scratchRe.length !== size) {
    scratchRe = new Float64Array(size);
    scratchIm = new Float64Array(size);
  }
  const binHz = sampleRateHz / size;
  const spectra: Spectrum[] = [];
  for (let k = 0; k < signals.length; k += 2) {
    const second = signals[k + 1];
    applyHannWindow(scratchRe, signals[k]!);
    if (second) applyHannWindow(scratchIm, second);
    else scratchIm.fill(0);
    fft(scratchRe, scratchIm);
    const power = new Float64Array(size / 2 + 1);
    const power2 = new Float64Array(second ? size / 2 + 1 : 0);
    for (let m = 0; m <= size / 2; m++) {
      const mirror = (size - m) & (size - 1);
      const re = scratchRe[m]!;
      const im = scratchIm[m]!;
      const mirrorRe = scratchRe[mirror]!;
      const mirrorIm = scratchIm[mirror]!;
      power[m] = ((re + mirrorRe) ** 2 + (im - mirrorIm) ** 2) / 4;
      if (second) power2[m] = ((re - mirrorRe) ** 2 + (im + mirrorIm) ** 2) / 4;
    }
    spectra.push({ power, binHz });
    if (second) spectra.push({ power: power2, binHz });
  }
  return spectra;
}

/** Writes the signal without its mean, times a Hann window, and zeros behind it. */
function applyHannWindow(into: Float64Array, signal: Float64Array): void {
  const n = signal.length;
  const window = hann(n);
  let sum = 0;
  let count = 0;
  for (let k = 0; k < n; k++) {
    const value = signal[k]!;
    if (value === value) {
      sum += value;
      count++;
    }
  }
  const center = count ? sum / count : 0;
  for (let k = 0; k < n; k++) {
    const value = signal[k]!;
    into[k] = value === value ? (value - center) * window[k]! : 0;
  }
  into.fill(0, n);
}

/**
 * Interpolates the peak around a bin by a parabola through the logarithms of three bins (Smith and
 * Serra 1987). It is exact for a Gaussian and accurate for the main lobe of a Hann window.
 */
export function interpolatePeak({ power, binHz }: Spectrum, bin: number): Peak {
  const center = Math.log(power[bin]! + Number.MIN_VALUE);
  const left = Math.log((power[bin - 1] ?? 0) + Number.MIN_VALUE);
  const right = Math.log((power[bin + 1] ?? 0) + Number.MIN_VALUE);
  const curvature = left - 2 * center + right;
  const shift = curvature < 0 ? Math.max(-0.5, Math.min(0.5, (left - right) / (2 * curvature))) : 0;
  return {
    frequencyHz: (bin + shift) * binHz,
    power: Math.exp(center - ((left - right) * shift) / 4),
    bin,
  };
}

/**
 * Finds local maxima from `lowHz` to `highHz`, highest first. The slope of a peak outside the band
 * is not a maximum.
 */
export function findPeaks(
  spectrum: Spectrum,
  { lowHz, highHz, limit = Infinity }: { lowHz: number; highHz: number; limit?: number },
): Peak[] {
  const { power, binHz } = spectrum;
  const peaks: Peak[] = [];
  const last = Math.min(power.length - 2, Math.floor(highHz / binHz + 0.5));
  for (let bin = Math.max(1, Math.ceil(lowHz / binHz - 0.5)); bin <= last; bin++) {
    if (power[bin]! > power[bin - 1]! && power[bin]! >= power[bin + 1]!) {
      const peak = interpolatePeak(spectrum, bin);
      if (peak.frequencyHz >= lowHz && peak.frequencyHz <= highHz) peaks.push(peak);
    }
  }
  return peaks.sort((a, b) => b.power - a.power).slice(0, limit);
}

/** Highest power within `withinHz` of a frequency, at least over its bin and both neighbors. */
export function powerNear(
  { power, binHz }: Spectrum,
  frequencyHz: number,
  withinHz = binHz,
): number {
  const middle = Math.round(frequencyHz / binHz);
  const reach = Math.max(1, Math.round(withinHz / binHz));
  let highest = 0;
  for (let bin = middle - reach; bin <= middle + reach; bin++) {
    highest = Math.max(highest, power[bin] ?? 0);
  }
  return highest;
}

/** Sum of the power from `lowHz` to `highHz`. */
export function bandPower(
  { power, binHz }: Spectrum,
  { lowHz, highHz }: { lowHz: number; highHz: number },
): number {
  let sum = 0;
  const last = Math.min(power.length - 1, Math.floor(highHz / binHz));
  for (let bin = Math.max(0, Math.ceil(lowHz / binHz)); bin <= last; bin++) sum += power[bin]!;
  return sum;
}

/**
 * Signal-to-noise ratio of a pulse in decibels: the power within `halfWidthHz` of a frequency and
 * within twice that of its first harmonic, over the remaining power of the band.
 *
 * Source: de Haan and Jeanne, IEEE Trans. Biomed. Eng. 60(10), 2013, section III-C (with
 * ±6 beats/min around the pulse, ±12 around its harmonic, in a band of 40 to 240 beats/min).
 *
 * @returns -Infinity if the signal has no power in the band.
 */
export function harmonicSnrDb(
  { power, binHz }: Spectrum,
  { frequencyHz, lowHz, highHz, halfWidthHz = 0.1 }: {
    frequencyHz: number;
    lowHz: number;
    highHz: number;
    halfWidthHz?: number;
  },
): number {
  let signal = 0;
  let noise = 0;
  const last = Math.min(power.length - 1, Math.floor(highHz / binHz));
  for (let bin = Math.max(0, Math.ceil(lowHz / binHz)); bin <= last; bin++) {
    const hz = bin * binHz;
    const isSignal = Math.abs(hz - frequencyHz) <= halfWidthHz ||
      Math.abs(hz - 2 * frequencyHz) <= 2 * halfWidthHz;
    if (isSignal) signal += power[bin]!;
    else noise += power[bin]!;
  }
  if (signal <= 0) return -Infinity;
  return 10 * Math.log10(signal / Math.max(noise, signal * 1e-6));
}

/**
 * Amplitude of the sinusoid at a frequency. Under a Hann window of n samples, a sinusoid of
 * amplitude a has the peak power (a·n/4)².
 *
 * @param options `samples`: length of the signal before zero padding.
 */
export function amplitudeAt(
  { power, binHz }: Spectrum,
  { frequencyHz, samples }: { frequencyHz: number; samples: number },
): number {
  return (4 * Math.sqrt(power[Math.round(frequencyHz / binHz)] ?? 0)) / samples;
}
