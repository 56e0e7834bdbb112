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

/** Detrends a signal by subtracting its centered moving mean. */
export function detrendMovingMean(signal: Float64Array, windowSamples: number): Float64Array {
  const detrended = movingMean(signal, windowSamples);
  for (let k = 0; k < detrended.length; k++) detrended[k] = signal[k]! - detrended[k]!;
  return detrended;
}

/**
 * Detrends a signal by smoothness priors: z - (I + λ²D₂ᵀD₂)⁻¹z, where D₂ is the second-order
 * difference matrix. The pentadiagonal system is solved by LDLᵀ factorization in linear time.
 *
 * Source: Tarvainen, Ranta-aho, Karjalainen, IEEE Trans. Biomed. Eng. 49(2), 2002, eq. 20.
 *
 * @param lambda regularization parameter λ; at 30 Hz, 100 is a high-pass at about 0.3 Hz.
 */
export function detrendSmoothnessPriors(signal: Float64Array, lambda: number): Float64Array {
  const n = signal.length;
  if (n < 3) return new Float64Array(n);
  const { diagonal, first, second } = priorBands(n, lambda * lambda);
  // In-place LDLᵀ: `diagonal` becomes D, `first` and `second` become the bands of L.
  for (let k = 0; k < n; k++) {
    const d = diagonal[k]!;
    if (k + 1 < n) {
      const l1 = first[k]! / d;
      diagonal[k + 1]! -= l1 * first[k]!;
      if (k + 2 < n) {
        first[k + 1]! -= l1 * second[k]!;
        const l2 = second[k]! / d;
        diagonal[k + 2]! -= l2 * second[k]!;
        second[k] = l2;
      }
      first[k] = l1;
    }
  }
  const trend = Float64Array.from(signal);
  for (let k = 0; k < n; k++) {
    if (k + 1 < n) trend[k + 1]! -= first[k]! * trend[k]!;
    if (k + 2 < n) trend[k + 2]! -= second[k]! * trend[k]!;
  }
  for (let k = n - 1; k >= 0; k--) {
    let value = trend[k]! / diagonal[k]!;
    if (k + 1 < n) value -= first[k]! * trend[k + 1]!;
    if (k + 2 < n) value -= second[k]! * trend[k + 2]!;
    trend[k] = value;
  }
  return trend.map((value, k) => signal[k]! - value);
}

/** The diagonal and the two upper bands of I + λ²D₂ᵀD₂. */
function priorBands(n: number, lambda2: number) {
  const diagonal = new Float64Array(n).fill(1);
  const first = new Float64Array(n);
  const second = new Float64Array(n);
  for (let row = 0; row + 2 < n; row++) {
    diagonal[row]! += lambda2;
    diagonal[row + 1]! += 4 * lambda2;
    diagonal[row + 2]! += lambda2;
    first[row]! -= 2 * lambda2;
    first[row + 1]! -= 2 * lambda2;
    second[row]! += lambda2;
  }
  return { diagonal, first, second };
}
