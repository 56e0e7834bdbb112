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
 * polynomials, which unlike a notch filter has no transients at the ends. Gaps stay NaN.
 */
export function notchOut(
  signals: readonly PulseSignal[],
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): PulseSignal[] {
  const whole = new Map<number, readonly Float64Array[]>();
  return signals.map((signal) => {
    const { bvp } = signal;
    const cyclesPerSample = frequencyHz / sampleRateHz;
    const hasGaps = bvp.some(Number.isNaN);
    let basis = hasGaps ? undefined : whole.get(bvp.length);
    basis ??= basisOf(cyclesPerSample, { length: bvp.length, isInside: (k) => bvp[k] === bvp[k] });
    if (!hasGaps) whole.set(bvp.length, basis);
    return { ...signal, bvp: residualOf(bvp, basis) };
  });
}

/** The part of a signal that oscillates at a frequency: what `notchOut` removes, without harmonics. */
export function oscillationOf(
  signal: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): Float64Array {
  const basis = basisOf(frequencyHz / sampleRateHz, {
    length: signal.length,
    isInside: () => true,
    harmonics: [1],
  });
  const residual = residualOf(signal, basis);
  return signal.map((value, k) => value - residual[k]!);
}

/** An orthonormal basis of the oscillations and of the constant, which is 0 outside. */
function basisOf(
  cyclesPerSample: number,
  { length, isInside, harmonics = HARMONICS }: {
    length: number;
    isInside: (k: number) => boolean;
    harmonics?: readonly number[];
  },
): readonly Float64Array[] {
  const basis: Float64Array[] = [];
  const add = (value: (k: number) => number) => {
    const vector = Float64Array.from({ length }, (_, k) => (isInside(k) ? value(k) : 0));
    const before = Math.sqrt(dot(vector, vector));
    for (const other of basis) addScaled(vector, other, -dot(vector, other));
    const norm = Math.sqrt(dot(vector, vector));
    if (norm > MIN_NORM * before) basis.push(vector.map((component) => component / norm));
  };
  for (const harmonic of harmonics) {
    const radians = 2 * Math.PI * harmonic * cyclesPerSample;
    if (radians >= Math.PI) break;
    for (let degree = 0; degree <= DEGREE; degree++) {
      const power = (k: number) => (2 * k / length - 1) ** degree;
      add((k) => power(k) * Math.cos(radians * k));
      add((k) => power(k) * Math.sin(radians * k));
    }
  }
  return basis;
}

function residualOf(signal: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const residual = signal.map((value) => (value === value ? value : 0));
  for (const vector of basis) addScaled(residual, vector, -dot(residual, vector));
  return residual.map((value, k) => (signal[k] === signal[k] ? value : NaN));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

function addScaled(into: Float64Array, vector: Float64Array, scale: number): void {
  for (let k = 0; k < into.length; k++) into[k]! += scale * vector[k]!;
}
