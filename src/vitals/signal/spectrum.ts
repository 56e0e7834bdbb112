import { fft, nextPowerOfTwo } from "./fft.ts";

/** Power over frequency; bin `m` is at `m * binHz`. */
export interface Spectrum {
  readonly power: Float64Array;
  readonly binHz: number;
}

export interface Peak {
  readonly frequencyHz: number;
  readonly power: number;
  /** The highest bin of the peak. */
  readonly bin: number;
}

const windows = new Map<number, Float64Array>();

/** Symmetric Hann window of `length` samples. */
export function hann(length: number): Float64Array {
  let window = windows.get(length);
  if (!window) {
    window = new Float64Array(length);
    for (let k = 0; k < length; k++) {
      window[k] = length < 2 ? 1 : 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / (length - 1));
    }
    if (windows.size > 64) windows.clear();
    windows.set(length, window);
  }
  return window;
}

let scratchRe = new Float64Array(0);
let scratchIm = new Float64Array(0);

interface SpectrumOptions {
  readonly sampleRateHz: number;
  /** @default 3, which leaves the peak interpolation an error under 0.02 of 1/T */
  readonly padFactor?: number;
}

/**
 * Power spectrum of a signal under a Hann window, zero-padded to a power of two of at least
 * `padFactor` times its length. The mean of the finite values is taken off first; holes (NaN)
 * count as no evidence, that is as zero.
 *
 * @returns half a spectrum, 0 Hz to half the sample rate, in units of the signal squared.
 */
export function powerSpectrum(signal: Float64Array, options: SpectrumOptions): Spectrum {
  return powerSpectra([signal], options)[0]!;
}

/**
 * Power spectra of signals of one length, as `powerSpectrum` gives them, for half the price: one
 * complex transform takes two real signals, of which the sum and difference of mirrored bins are
 * the parts.
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
    windowInto(scratchRe, signals[k]!);
    if (second) windowInto(scratchIm, second);
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

/** Writes a signal without its mean under a Hann window, then zeros. */
function windowInto(into: Float64Array, signal: Float64Array): void {
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
  const centre = count ? sum / count : 0;
  for (let k = 0; k < n; k++) {
    const value = signal[k]!;
    into[k] = value === value ? (value - centre) * window[k]! : 0;
  }
  into.fill(0, n);
}

/**
 * The top of the peak around a bin, by a parabola through the logarithms of three bins
 * (Smith and Serra 1987; exact for a Gaussian, and close to that for a Hann window's lobe).
 */
export function interpolatePeak({ power, binHz }: Spectrum, bin: number): Peak {
  const here = Math.log(power[bin]! + Number.MIN_VALUE);
  const left = Math.log((power[bin - 1] ?? 0) + Number.MIN_VALUE);
  const right = Math.log((power[bin + 1] ?? 0) + Number.MIN_VALUE);
  const curve = left - 2 * here + right;
  const shift = curve < 0 ? Math.max(-0.5, Math.min(0.5, (left - right) / (2 * curve))) : 0;
  return {
    frequencyHz: (bin + shift) * binHz,
    power: Math.exp(here - ((left - right) * shift) / 4),
    bin,
  };
}

/**
 * Local maxima from `lowHz` to `highHz`, highest first. A rise that continues beyond the edge of
 * the band is no maximum: the top of a hill outside is not a rate.
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

/** The highest power within `withinHz` of a frequency; at least its bin and the two beside it. */
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

/** Sum of power from `lowHz` to `highHz`. */
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
 * Harmonic signal to noise ratio in decibels: the power within `halfWidthHz` of a frequency and of
 * its first harmonic, over all other power of the band.
 *
 * Source: de Haan and Jeanne, IEEE Trans. Biomed. Eng. 60(10), 2013, section III-C (they take
 * ±6 beats/min around the pulse, ±12 around its harmonic, in 40 to 240 beats/min).
 *
 * @returns -Infinity where the band has no power at all.
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
    const wanted = Math.abs(hz - frequencyHz) <= halfWidthHz ||
      Math.abs(hz - 2 * frequencyHz) <= 2 * halfWidthHz;
    if (wanted) signal += power[bin]!;
    else noise += power[bin]!;
  }
  if (signal <= 0) return -Infinity;
  return 10 * Math.log10(signal / Math.max(noise, signal * 1e-6));
}

/**
 * The amplitude of a wave that makes a peak: under a Hann window of n samples a wave of
 * amplitude a has the power (a·n/4)² at its top.
 */
export function amplitudeAt(
  { power, binHz }: Spectrum,
  { frequencyHz, samples }: { frequencyHz: number; samples: number },
): number {
  return (4 * Math.sqrt(power[Math.round(frequencyHz / binHz)] ?? 0)) / samples;
}
