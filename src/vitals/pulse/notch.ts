import type { PulseSignal } from "./methods/method.ts";

/** Harmonics that are removed with an oscillation: motion is no pure sinusoid. Chosen. */
const HARMONICS = [1, 2, 3] as const;
/** Degree of the polynomials by which amplitude and phase may change over the window. Chosen. */
const DEGREE = 2;
/** A vector of a smaller norm after orthogonalization depends on the others. */
const MIN_NORM = 1e-9;

/**
 * Removes an oscillation and its harmonics from signals, to find what is left beside it. Amplitude
 * and phase may change slowly: what is subtracted is the least-squares fit of sinusoids times
 * polynomials, which unlike a notch filter has no transients at the ends. Gaps stay NaN. All signals
 * have the same length.
 */
export function notchOut(
  signals: readonly PulseSignal[],
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): PulseSignal[] {
  const cyclesPerSample = frequencyHz / sampleRateHz;
  let basisWithoutGaps: readonly Float64Array[] | undefined;
  return signals.map((signal) => {
    const { bvp } = signal;
    const { length } = bvp;
    const basis = bvp.some(Number.isNaN)
      ? basisOf(cyclesPerSample, { length, gaps: bvp })
      : (basisWithoutGaps ??= basisOf(cyclesPerSample, { length }));
    return { ...signal, bvp: residualOf(bvp, basis) };
  });
}

/**
 * The parts of signals of the same length that oscillate at a frequency: what `notchOut` removes,
 * without harmonics.
 */
export function oscillationsOf(
  signals: readonly Float64Array[],
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): Float64Array[] {
  const length = signals[0]?.length ?? 0;
  const basis = basisOf(frequencyHz / sampleRateHz, { length, harmonics: [1] });
  return signals.map((signal) => {
    const part = new Float64Array(length);
    for (const vector of basis) addScaled(part, vector, dot(signal, vector));
    return part;
  });
}

/** An orthonormal basis of the oscillations, which is 0 where `gaps` is NaN. */
function basisOf(
  cyclesPerSample: number,
  { length, gaps, harmonics = HARMONICS }: {
    length: number;
    gaps?: Float64Array;
    harmonics?: readonly number[];
  },
): readonly Float64Array[] {
  const basis: Float64Array[] = [];
  for (const harmonic of harmonics) {
    const radians = 2 * Math.PI * harmonic * cyclesPerSample;
    if (radians >= Math.PI) break;
    const waves = [Math.cos, Math.sin].map((wave) => {
      const vector = new Float64Array(length);
      for (let k = 0; k < length; k++) {
        if (!gaps || gaps[k] === gaps[k]) vector[k] = wave(radians * k);
      }
      return vector;
    });
    for (let degree = 0; degree <= DEGREE; degree++) {
      for (const wave of waves) {
        addToBasis(basis, wave.slice());
        for (let k = 0; k < length; k++) wave[k]! *= 2 * k / length - 1;
      }
    }
  }
  return basis;
}

/** Adds the part of a vector that the basis lacks, by the modified Gram-Schmidt process. */
function addToBasis(basis: Float64Array[], vector: Float64Array): void {
  const before = Math.sqrt(dot(vector, vector));
  for (const other of basis) addScaled(vector, other, -dot(vector, other));
  const norm = Math.sqrt(dot(vector, vector));
  if (norm <= MIN_NORM * before) return;
  for (let k = 0; k < vector.length; k++) vector[k]! /= norm;
  basis.push(vector);
}

function residualOf(signal: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const residual = new Float64Array(signal.length);
  for (let k = 0; k < signal.length; k++) residual[k] = signal[k] === signal[k] ? signal[k]! : 0;
  for (const vector of basis) addScaled(residual, vector, -dot(residual, vector));
  for (let k = 0; k < signal.length; k++) if (signal[k] !== signal[k]) residual[k] = NaN;
  return residual;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

function addScaled(into: Float64Array, vector: Float64Array, scale: number): void {
  for (let k = 0; k < into.length; k++) into[k]! += scale * vector[k]!;
}
