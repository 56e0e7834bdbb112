/** Rows of features, without the constant. */
export type Rows = readonly (readonly number[])[];

/** Choices of a fit. */
export interface FitOptions {
  /** @default 1 */
  readonly ridge?: number;
  /** How much each row counts. @default 1 each */
  readonly importance?: readonly number[];
}

/**
 * Logistic regression by Newton's method with a small ridge.
 *
 * @returns the intercept, then one weight a feature.
 */
export function fitLogistic(
  rows: Rows,
  outcomes: readonly number[],
  { ridge = 1, importance }: FitOptions = {},
): number[] {
  const size = (rows[0]?.length ?? 0) + 1;
  const weights = new Array<number>(size).fill(0);
  for (let step = 0; step < 50; step++) {
    const gradient = weights.map((weight, i) => (i ? -ridge * weight : 0));
    const hessian = weights.map((_, i) => weights.map((_, j) => (i === j && i ? ridge : 1e-9)));
    rows.forEach((row, k) => {
      const x = [1, ...row];
      const p = predict(weights, row);
      const count = importance?.[k] ?? 1;
      for (let i = 0; i < size; i++) {
        gradient[i]! += count * (outcomes[k]! - p) * x[i]!;
        for (let j = 0; j < size; j++) hessian[i]![j]! += count * p * (1 - p) * x[i]! * x[j]!;
      }
    });
    const change = solve(hessian, gradient);
    change.forEach((value, i) => weights[i]! += value);
    if (Math.max(...change.map(Math.abs)) < 1e-8) break;
  }
  return weights;
}

/** The probability that a fitted model gives one row. */
export function predict(weights: readonly number[], row: readonly number[]): number {
  const logit = row.reduce((sum, value, i) => sum + weights[i + 1]! * value, weights[0]!);
  return 1 / (1 + Math.exp(-logit));
}

/** Gaussian elimination with pivoting of a small system. */
function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows.slice(i).reduce(
      (p, row, k) => Math.abs(row[i]!) > Math.abs(rows[p]![i]!) ? k + i : p,
      i,
    );
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    for (let k = 0; k < rows.length; k++) {
      if (k === i) continue;
      const factor = rows[k]![i]! / rows[i]![i]!;
      for (let j = i; j <= rows.length; j++) rows[k]![j]! -= factor * rows[i]![j]!;
    }
  }
  return rows.map((row, i) => row.at(-1)! / row[i]!);
}
