/** A second-order section of an IIR filter, normalized to a0 = 1. */
export interface Biquad {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

interface CutoffOptions {
  readonly cutoffHz: number;
  readonly sampleRateHz: number;
}

/**
 * Designs a second-order Butterworth low-pass by the bilinear transform with prewarping.
 *
 * @throws {RangeError} if the cutoff is not between 0 and half the sample rate.
 */
export function butterworthLowPass({ cutoffHz, sampleRateHz }: CutoffOptions): Biquad {
  const { k, norm, a1, a2 } = prewarp({ cutoffHz, sampleRateHz });
  const b0 = k * k * norm;
  return { b0, b1: 2 * b0, b2: b0, a1, a2 };
}

/**
 * Designs a second-order Butterworth high-pass by the bilinear transform with prewarping.
 *
 * @throws {RangeError} if the cutoff is not between 0 and half the sample rate.
 */
export function butterworthHighPass({ cutoffHz, sampleRateHz }: CutoffOptions): Biquad {
  const { norm, a1, a2 } = prewarp({ cutoffHz, sampleRateHz });
  return { b0: norm, b1: -2 * norm, b2: norm, a1, a2 };
}

function prewarp({ cutoffHz, sampleRateHz }: CutoffOptions) {
  if (!(cutoffHz > 0 && cutoffHz < sampleRateHz / 2)) {
    throw new RangeError(
      `Cannot design a filter: cutoffHz must be over 0 and under ${sampleRateHz / 2}: ` +
        `current value is ${cutoffHz}`,
    );
  }
  const k = Math.tan((Math.PI * cutoffHz) / sampleRateHz);
  const norm = 1 / (1 + Math.SQRT2 * k + k * k);
  return { k, norm, a1: 2 * (k * k - 1) * norm, a2: (1 - Math.SQRT2 * k + k * k) * norm };
}

/**
 * Designs a band-pass as a high-pass section at `lowHz` followed by a low-pass section at `highHz`.
 *
 * @throws {RangeError} if a cutoff is not between 0 and half the sample rate.
 */
export function bandPassSections(
  { lowHz, highHz, sampleRateHz }: { lowHz: number; highHz: number; sampleRateHz: number },
): readonly Biquad[] {
  return [
    butterworthHighPass({ cutoffHz: lowHz, sampleRateHz }),
    butterworthLowPass({ cutoffHz: highHz, sampleRateHz }),
  ];
}

/**
 * Filters forward and backward, which gives zero phase delay and doubles the order. Both ends are
 * extended by an odd reflection, and each pass starts in the steady state of its first value, as in
 * `scipy.signal.sosfiltfilt`.
 *
 * @param options `padSamples`: length of each extension, limited to the signal's length minus one.
 *   The default is three times the filter's length.
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
    let initial = padded[direction === 1 ? 0 : padded.length - 1]!;
    for (const section of sections) {
      initial = filterInPlace(padded, section, { direction, initial });
    }
  }
  return padded.slice(pad, pad + n);
}

/**
 * Runs one section over `signal` in place, from the steady state for the constant input `initial`.
 *
 * @returns the steady-state output for that input: the initial input of the next section.
 */
function filterInPlace(
  signal: Float64Array,
  { b0, b1, b2, a1, a2 }: Biquad,
  { direction, initial }: { direction: 1 | -1; initial: number },
): number {
  const steady = (initial * (b0 + b1 + b2)) / (1 + a1 + a2);
  let z2 = b2 * initial - a2 * steady;
  let z1 = b1 * initial - a1 * steady + z2;
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

/** Zero-phase Butterworth band-pass of a signal without gaps. */
export function bandPass(
  signal: Float64Array,
  { lowHz, highHz, sampleRateHz }: { lowHz: number; highHz: number; sampleRateHz: number },
): Float64Array {
  // One period of the lowest frequency in the passband lets the filter settle.
  const padSamples = Math.round(sampleRateHz / Math.max(lowHz, 0.05));
  return filterZeroPhase(signal, bandPassSections({ lowHz, highHz, sampleRateHz }), { padSamples });
}
