/** A ratio of powers in decibels, at least `minDb`; `minDb` for a ratio that is not positive. */
export function decibels(powerRatio: number, { minDb }: { minDb: number }): number {
  return powerRatio > 0 ? Math.max(minDb, 10 * Math.log10(powerRatio)) : minDb;
}
