/** The slope of the line through the points, by least squares, with its standard error. */
export function linearFit(points: readonly (readonly [number, number])[]) {
  const mean = (index: 0 | 1) => points.reduce((sum, p) => sum + p[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, p) => sum + (p[0] - x) ** 2, 0);
  const slope = points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0) / spread;
  const off = points.reduce((sum, p) => sum + (p[1] - y - slope * (p[0] - x)) ** 2, 0);
  return { slope, error: Math.sqrt(off / Math.max(1, points.length - 2) / spread) };
}
