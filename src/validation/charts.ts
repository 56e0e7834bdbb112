import { extent } from "../base/statistics.ts";
import type { LimitsOfAgreement } from "./agreement.ts";
import { Plot, rangeAround } from "./plot.ts";
import { publishedPairs, type ReliabilityBin, type RiskPoint } from "./statistics.ts";
import type { WindowResult } from "./windows.ts";

/** Plots published values and the reference over time; withheld windows are marked at the bottom. */
export function timeChart(windows: readonly WindowResult[], unit: string): string {
  const values = windows.flatMap(({ strict, reference }) =>
    [strict, reference].filter((value) => value !== undefined)
  );
  if (!values.length) return "";
  const times = windows.map(({ endS }) => endS);
  const plot = new Plot(
    { label: "end of the window, s", ...rangeAround(times, { minLength: 1 }) },
    { label: unit, ...rangeAround(values, { minLength: 10 }) },
  );
  const withReference = windows.filter(({ reference }) => reference !== undefined);
  plot.line(withReference.map(({ endS, reference }) => [endS, reference!] as const), "reference");
  for (const { endS, strict } of windows) {
    if (strict === undefined) plot.dot(endS, plot.y.low, { kind: "withheld", radius: 2 });
    else plot.dot(endS, strict, { kind: "value" });
  }
  plot.legend([
    { kind: "value", shape: "dot", label: "published value" },
    { kind: "reference", shape: "line", label: "reference" },
    { kind: "withheld", shape: "dot", label: "value withheld" },
  ]);
  return plot.svg("Published values and reference over time");
}

/** Plots each published value over its reference, with the tolerance around equality. */
export function identityChart(
  windows: readonly WindowResult[],
  { unit, tolerance }: { unit: string; tolerance: number },
): string {
  const pairs = publishedPairs(windows);
  if (!pairs.length) return "";
  const range = rangeAround(
    pairs.flatMap(({ value, reference }) => [value, reference]),
    { minLength: 10 },
  );
  const plot = new Plot({ label: `reference, ${unit}`, ...range }, {
    label: `published value, ${unit}`,
    ...range,
  });
  const { low, high } = range;
  plot.line([[low, low], [high, high]], "bias");
  plot.line([[low + tolerance, low], [high, high - tolerance]], "limit");
  plot.line([[low, low + tolerance], [high - tolerance, high]], "limit");
  for (const { value, reference } of pairs) plot.dot(reference, value, { kind: "value" });
  plot.legend([
    { kind: "value", shape: "dot", label: "window" },
    { kind: "bias", shape: "line", label: "equality" },
    { kind: "limit", shape: "line", label: `tolerance, ±${tolerance}` },
  ]);
  return plot.svg("Published values and their references");
}

/** Bland-Altman plot with bias and 95 % limits of agreement. */
export function blandAltman(
  windows: readonly WindowResult[],
  { unit, limits: { bias, low, high } }: {
    unit: string;
    limits: Pick<LimitsOfAgreement, "bias" | "low" | "high">;
  },
): string {
  const points = publishedPairs(windows).map(({ value, reference }) => ({
    x: (value + reference) / 2,
    y: value - reference,
  }));
  if (!points.length) return "";
  const plot = new Plot(
    {
      label: `mean of value and reference, ${unit}`,
      ...rangeAround(points.map(({ x }) => x), { minLength: 10 }),
    },
    {
      label: `value - reference, ${unit}`,
      ...rangeAround([...points.map(({ y }) => y), low, high], { minLength: 4 }),
    },
  );
  for (const { x, y } of points) plot.dot(x, y, { kind: "value" });
  plot.horizontal(low, { kind: "limit", label: low.toFixed(2), below: true });
  plot.line([[plot.x.low, bias], [plot.x.high, bias]], "bias");
  plot.horizontal(high, { kind: "limit", label: high.toFixed(2) });
  plot.legend([
    { kind: "value", shape: "dot", label: "window" },
    { kind: "bias", shape: "line", label: `bias ${bias.toFixed(2)}` },
    { kind: "limit", shape: "line", label: "95 % limits of agreement" },
  ]);
  return plot.svg("Bland-Altman plot");
}

/** Reliability diagram: observed over stated probability; the diagonal is perfect calibration. */
export function reliabilityCurve(bins: readonly ReliabilityBin[]): string {
  if (!bins.length) return "";
  const plot = new Plot({ label: "stated probability", low: 0, high: 1 }, {
    label: "observed frequency",
    low: 0,
    high: 1,
  });
  plot.line([[0, 0], [1, 1]], "limit");
  plot.line(bins.map(({ stated, right }) => [stated, right] as const), "curve");
  const [, maxCount] = extent(bins.map(({ count }) => count));
  for (const { stated, right, count } of bins) {
    plot.dot(stated, right, { kind: "value", radius: 2 + 6 * Math.sqrt(count / maxCount) });
  }
  plot.legend([
    { kind: "value", shape: "dot", label: "estimates (size: count)" },
    { kind: "curve", shape: "line", label: "observed" },
    { kind: "limit", shape: "line", label: "perfect" },
  ]);
  return plot.svg("Reliability curve of the confidence");
}

/** Risk-coverage curve; the point of the published values is where confidence falls to `confident`. */
export function riskCoverageCurve(
  points: readonly RiskPoint[],
  { tolerance, confident }: { tolerance: number; confident: number },
): string {
  if (!points.length) return "";
  const [, highest] = extent(points.map(({ risk }) => risk));
  const plot = new Plot({ label: "coverage: fraction of the windows", low: 0, high: 1 }, {
    label: `risk: fraction with an error over ${tolerance}`,
    low: 0,
    high: Math.max(0.05, 1.05 * highest),
  });
  plot.line(points.map(({ coverage, risk }) => [coverage, risk] as const), "curve");
  const operating = points.findLast(({ confidence }) => confidence >= confident);
  if (operating) plot.dot(operating.coverage, operating.risk, { kind: "value", radius: 5 });
  plot.legend([
    { kind: "curve", shape: "line", label: "most confident estimates" },
    { kind: "value", shape: "dot", label: `confidence ≥ ${confident.toFixed(2)}` },
  ]);
  return plot.svg("Risk-coverage curve");
}
