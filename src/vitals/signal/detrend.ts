/**
 * Centered moving mean. The window shrinks at both ends of the signal.
 *
 * @param windowSamples window length; an even length is extended by one sample.
 */
export function movingMean(signal: Float64Array, windowSamples: number): Float64Array {
  const half = Math.max(0, Math.floor(windowSamples / 2));
  const result = new Float64Array(signal.length);
  let sum = 0;
  let from = 0;
  let to = 0;
  for (let k = 0; k < signal.length; k++) {
    while (to < signal.length && to <= k + half) sum += signal[to++]!;
    while (from < k - half) sum -= signal[from++]!;
    result[k] = sum / (to - from);
  }
  return result;
}
