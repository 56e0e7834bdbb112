/** The mean of a list, NaN for an empty one. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of a population (divides by n), NaN for an empty list. */
export function deviationOf(values: readonly number[]): number {
  const centre = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - centre) ** 2)));
}

/** The middle value, or the mean of the two middle ones; NaN for an empty list. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length ? (sorted[Math.floor(half)]! + sorted[Math.ceil(half - 1)]!) / 2 : NaN;
}
