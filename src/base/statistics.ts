/** Arithmetic mean, NaN for an empty list. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k]!;
  return sum / values.length;
}

/** Population standard deviation (divides by n), NaN for an empty list. */
export function standardDeviation(values: ArrayLike<number>): number {
  const center = mean(values);
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += (values[k]! - center) ** 2;
  return Math.sqrt(sum / values.length);
}

/** Median: the middle value, or the mean of the two middle values; NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length ? (sorted[Math.floor(half)]! + sorted[Math.ceil(half - 1)]!) / 2 : NaN;
}

/** Least and greatest value, of any number of them; Infinity and -Infinity for an empty list. */
export function extent(values: ArrayLike<number>): readonly [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < values.length; k++) {
    low = Math.min(low, values[k]!);
    high = Math.max(high, values[k]!);
  }
  return [low, high];
}
