/** One row of features per observation, without the constant. */
export type Rows = readonly (readonly number[])[];

/** Options of a fit. */
export interface FitOptions {
  /** Weight of the L2 penalty. @default 1 */
  readonly ridge?: number;
  /** Weight of each row. @default 1 each */
  readonly importance?: readonly number[];
}

/**
 * Fits a logistic regression with an L2 penalty by Newton's method.
 *
 * @returns the intercept, then one weight per feature.
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
      const rowWeight = importance?.[k] ?? 1;
      for (let i = 0; i < size; i++) {
        gradient[i]! += rowWeight * (outcomes[k]! - p) * x[i]!;
        for (let j = 0; j < size; j++) {
          hessian[i]![j]! += rowWeight * p * (1 - p) * x[i]! * x[j]!;
        }
      }
    });
    const change = solve(hessian, gradient);
    change.forEach((value, i) => weights[i]! += value);
    if (Math.max(...change.map(Math.abs)) < 1e-8) break;
  }
  return weights;
}

/** Probability of one row by a fitted model. */
export function predict(weights: readonly number[], row: readonly number[]): number {
  const logit = row.reduce((sum, value, i) => sum + weights[i + 1]! * value, weights[0]!);
  return 1 / (1 + Math.exp(-logit));
}

/** Solves a small linear system by Gauss-Jordan elimination with pivoting. */
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
