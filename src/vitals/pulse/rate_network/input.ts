import type { PulseSignal } from "../methods/method.ts";

/** Sample rate of the network's input in hertz, half of that of all pulse processing. */
const INPUT_RATE_HZ = 15;
/** What the network sees: twice the longest window, so that a pulse is known by its return. */
export const NETWORK_WINDOW_S = 20;
/** Samples of one signal. */
export const INPUT_LENGTH = NETWORK_WINDOW_S * INPUT_RATE_HZ;
/** Rows of one signal: its value, the value over the local amplitude, and whether it is known. */
export const INPUT_ROWS = 3;
/** Maximum number of signals: as many as regions of skin. */
export const MAX_SIGNALS = 5;

/** Half-band low-pass filter before every second sample is dropped; its sum is 1. */
const HALF_BAND = [-0.03, 0, 0.28, 0.5, 0.28, 0, -0.03] as const;
/** Half the length of the moving mean that is removed, and of the local amplitude, in samples. */
const TREND_REACH = 11;
const AMPLITUDE_REACH = 22;
/** Deviation of a normal distribution over its median absolute value. */
const DEVIATION_OF_MEDIAN = 1.4826;
/** Share of the deviation that is added to the local amplitude: silence stays silent. */
const MIN_AMPLITUDE = 0.1;
/** Upper limit of the value over the local amplitude. */
const MAX_VALUE = 4;

/**
 * Prepares signals for the network, as `scripts/fit/rate_network/prepare.py` does: values are
 * compressed by asinh, so that a burst of motion does not hide what is beside it.
 *
 * @param signals 20 s at 30 Hz each, NaN in gaps.
 * @param into signals × 3 × 300 values.
 */
export function writeNetworkInput(signals: readonly PulseSignal[], into: Float32Array): void {
  signals.forEach(({ bvp }, index) => {
    const start = index * INPUT_ROWS * INPUT_LENGTH;
    prepare(halve(bvp), into.subarray(start, start + INPUT_ROWS * INPUT_LENGTH));
  });
}

/** Every second value after a low-pass filter, ending with the newest; NaN beside gaps. */
function halve(bvp: Float64Array): Float64Array {
  const half = new Float64Array(INPUT_LENGTH);
  const middle = HALF_BAND.length >> 1;
  for (let k = 0; k < INPUT_LENGTH; k++) {
    const center = bvp.length - 1 - 2 * (INPUT_LENGTH - 1 - k);
    let sum = 0;
    for (let tap = 0; tap < HALF_BAND.length; tap++) {
      const position = Math.min(bvp.length - 1, Math.max(0, center + tap - middle));
      sum += HALF_BAND[tap]! * (bvp[position] ?? NaN);
    }
    half[k] = center < 0 ? NaN : sum;
  }
  return half;
}

function prepare(signal: Float64Array, into: Float32Array): void {
  const known = signal.map((value) => Number.isFinite(value) ? 1 : 0);
  const values = signal.map((value, k) => known[k] ? value : 0);
  const near = movingSum(known, TREND_REACH);
  const trend = movingSum(values, TREND_REACH);
  for (let k = 0; k < values.length; k++) {
    values[k] = known[k] ? values[k]! - trend[k]! / Math.max(1, near[k]!) : 0;
  }
  const scale = deviationOf(values.filter((_, k) => known[k])) + 1e-12;
  const energy = movingSum(values.map((value) => value * value), AMPLITUDE_REACH);
  const count = movingSum(known, AMPLITUDE_REACH);
  for (let k = 0; k < values.length; k++) {
    const amplitude = Math.sqrt(Math.max(0, energy[k]!) / Math.max(1, count[k]!));
    const relative = values[k]! / (amplitude + MIN_AMPLITUDE * scale);
    into[k] = Math.asinh(values[k]! / scale);
    into[INPUT_LENGTH + k] = Math.max(-MAX_VALUE, Math.min(MAX_VALUE, relative));
    into[2 * INPUT_LENGTH + k] = known[k]!;
  }
}

/** Deviation by the median, which bursts do not change; at least a thousandth of the RMS. */
function deviationOf(values: Float64Array): number {
  if (!values.length) return 0;
  const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const sorted = values.map(Math.abs).sort();
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return Math.max(DEVIATION_OF_MEDIAN * median, rms / 1000);
}

/** Sum of the values up to `reach` before and after each; the ends are continued. */
function movingSum(values: Float64Array, reach: number): Float64Array {
  const last = values.length - 1;
  const at = (k: number) => values[Math.max(0, Math.min(last, k))]!;
  const sums = new Float64Array(values.length);
  let sum = 0;
  for (let k = -reach; k <= reach; k++) sum += at(k);
  for (let k = 0; k < values.length; k++) {
    sums[k] = sum;
    sum += at(k + reach + 1) - at(k - reach);
  }
  return sums;
}
