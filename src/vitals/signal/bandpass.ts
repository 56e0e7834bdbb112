/** A second-order section, normalised so that a0 is 1. */
export interface Biquad {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

interface Cutoff {
  readonly cutoffHz: number;
  readonly sampleRateHz: number;
}

/** Second-order Butterworth low-pass by the bilinear transform with prewarping. */
export function butterworthLowPass({ cutoffHz, sampleRateHz }: Cutoff): Biquad {
  const { k, norm, a1, a2 } = prewarp({ cutoffHz, sampleRateHz });
  const b0 = k * k * norm;
  return { b0, b1: 2 * b0, b2: b0, a1, a2 };
}

/** Second-order Butterworth high-pass by the bilinear transform with prewarping. */
export function butterworthHighPass({ cutoffHz, sampleRateHz }: Cutoff): Biquad {
  const { norm, a1, a2 } = prewarp({ cutoffHz, sampleRateHz });
  return { b0: norm, b1: -2 * norm, b2: norm, a1, a2 };
}

function prewarp({ cutoffHz, sampleRateHz }: Cutoff) {
  if (!(cutoffHz > 0 && cutoffHz < sampleRateHz / 2)) {
    throw new RangeError(`Cannot filter at ${cutoffHz} Hz: samples come at ${sampleRateHz} Hz`);
  }
  const k = Math.tan((Math.PI * cutoffHz) / sampleRateHz);
  const norm = 1 / (1 + Math.SQRT2 * k + k * k);
  return { k, norm, a1: 2 * (k * k - 1) * norm, a2: (1 - Math.SQRT2 * k + k * k) * norm };
}

/** The sections of a band-pass from `lowHz` to `highHz`: a high-pass, then a low-pass. */
export function bandPassSections(
  { lowHz, highHz, sampleRateHz }: { lowHz: number; highHz: number; sampleRateHz: number },
): readonly Biquad[] {
  return [
    butterworthHighPass({ cutoffHz: lowHz, sampleRateHz }),
    butterworthLowPass({ cutoffHz: highHz, sampleRateHz }),
  ];
}

/**
 * Filters forward and backward, so that nothing is delayed: zero phase, twice the order. The ends
 * are continued by an odd reflection of `padSamples`, and each pass starts in the steady state of
 * its first value (Gustafsson's problem solved the common way, as in `scipy.signal.sosfiltfilt`).
 *
 * @param padSamples default: three times the filter's length, or all but one sample of a short signal.
 */
export function filterZeroPhase(
  signal: Float64Array,
  sections: readonly Biquad[],
  { padSamples = 3 * (2 * sections.length + 1) }: { padSamples?: number } = {},
): Float64Array {
  const n = signal.length;
  if (n < 2) return new Float64Array(n);
  const pad = Math.min(padSamples, n - 1);
  const padded = new Float64Array(n + 2 * pad);
  padded.set(signal, pad);
  for (let k = 1; k <= pad; k++) {
    padded[pad - k] = 2 * signal[0]! - signal[k]!;
    padded[pad + n - 1 + k] = 2 * signal[n - 1]! - signal[n - 1 - k]!;
  }
  for (const direction of [1, -1] as const) {
    let level = padded[direction === 1 ? 0 : padded.length - 1]!;
    for (const section of sections) level = filterInPlace(padded, section, { direction, level });
  }
  return padded.slice(pad, pad + n);
}

/**
 * One pass of one section over `signal`, begun as if its input had always been `level`.
 *
 * @returns the steady output for that level, which the next section begins with.
 */
function filterInPlace(
  signal: Float64Array,
  { b0, b1, b2, a1, a2 }: Biquad,
  { direction, level }: { direction: 1 | -1; level: number },
): number {
  const steady = (level * (b0 + b1 + b2)) / (1 + a1 + a2);
  let z2 = b2 * level - a2 * steady;
  let z1 = b1 * level - a1 * steady + z2;
  const n = signal.length;
  for (let i = 0, k = direction === 1 ? 0 : n - 1; i < n; i++, k += direction) {
    const x = signal[k]!;
    const y = b0 * x + z1;
    z1 = b1 * x - a1 * y + z2;
    z2 = b2 * x - a2 * y;
    signal[k] = y;
  }
  return steady;
}

/** Zero-phase band-pass of a signal without holes. */
export function bandPass(
  signal: Float64Array,
  { lowHz, highHz, sampleRateHz }: { lowHz: number; highHz: number; sampleRateHz: number },
): Float64Array {
  // A second of reflection: the slowest wave that passes must settle.
  const padSamples = Math.round(sampleRateHz / Math.max(lowHz, 0.05));
  return filterZeroPhase(signal, bandPassSections({ lowHz, highHz, sampleRateHz }), { padSamples });
}
