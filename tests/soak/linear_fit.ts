/** Least-squares line through points (x, y): its slope with its standard error. */
export function linearFit(points: readonly (readonly [number, number])[]) {
  const mean = (index: 0 | 1) => points.reduce((sum, p) => sum + p[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const xx = points.reduce((sum, p) => sum + (p[0] - x) ** 2, 0);
  const slope = points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0) / xx;
  const residual = points.reduce((sum, p) => sum + (p[1] - y - slope * (p[0] - x)) ** 2, 0);
  return { slope, error: Math.sqrt(residual / Math.max(1, points.length - 2) / xx) };
}
