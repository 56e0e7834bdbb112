import { publishedPairs, type ReliabilityBin } from "./statistics.ts";
import type { WindowResult } from "./windows.ts";

const WIDTH = 560;
const HEIGHT = 300;
const MARGIN = { left: 52, right: 14, top: 14, bottom: 42 };

interface Axis {
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

/** Maps numbers to the drawing, and draws its axes. */
class Plot {
  readonly #parts: string[] = [];
  constructor(readonly x: Axis, readonly y: Axis) {
    this.#drawAxes();
  }

  atX(value: number): number {
    const share = (value - this.x.low) / (this.x.high - this.x.low || 1);
    return MARGIN.left + share * (WIDTH - MARGIN.left - MARGIN.right);
  }

  atY(value: number): number {
    const share = (value - this.y.low) / (this.y.high - this.y.low || 1);
    return HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  dot(x: number, y: number, { kind, radius = 3 }: { kind: string; radius?: number }): void {
    const place = `cx="${this.atX(x).toFixed(1)}" cy="${this.atY(y).toFixed(1)}"`;
    this.#parts.push(`<circle class="${kind}" ${place} r="${radius}"/>`);
  }

  line(points: readonly (readonly [number, number])[], kind: string): void {
    const path = points.map(([x, y]) => `${this.atX(x).toFixed(1)},${this.atY(y).toFixed(1)}`);
    this.#parts.push(`<polyline class="${kind}" points="${path.join(" ")}"/>`);
  }

  /** A horizontal line with its number at the right end. */
  level(y: number, { kind, label }: { kind: string; label: string }): void {
    this.line([[this.x.low, y], [this.x.high, y]], kind);
    this.#text(WIDTH - MARGIN.right, this.atY(y) - 4, { text: label, anchor: "end" });
  }

  svg(title: string): string {
    return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">` +
      `<title>${title}</title>${this.#parts.join("")}</svg>`;
  }

  #drawAxes(): void {
    const bottom = HEIGHT - MARGIN.bottom;
    for (const value of ticks(this.x)) {
      this.line([[value, this.y.low], [value, this.y.high]], "grid");
      this.#text(this.atX(value), bottom + 16, { text: shortNumber(value), anchor: "middle" });
    }
    for (const value of ticks(this.y)) {
      this.line([[this.x.low, value], [this.x.high, value]], "grid");
      this.#text(MARGIN.left - 6, this.atY(value) + 4, { text: shortNumber(value), anchor: "end" });
    }
    const middle = (MARGIN.left + WIDTH - MARGIN.right) / 2;
    this.#text(middle, HEIGHT - 6, { text: this.x.label, anchor: "middle" });
    this.#parts.push(
      `<text transform="translate(13 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">` +
        `${this.y.label}</text>`,
    );
  }

  #text(x: number, y: number, { text, anchor }: { text: string; anchor: string }): void {
    const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
    this.#parts.push(`<text ${place}>${text}</text>`);
  }
}

/** Round numbers that cut an axis into about five. */
function ticks({ low, high }: Axis): number[] {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) {
    found.push(value);
  }
  return found;
}

function shortNumber(value: number): string {
  return String(Number(value.toFixed(2)));
}

function span(values: readonly number[], { least }: { least: number }) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = Math.max(0.08 * (high - low), (least - (high - low)) / 2, 0);
  return { low: low - pad, high: high + pad };
}

/** Published values and the truth over time; what was withheld stands below as a small mark. */
export function timeChart(windows: readonly WindowResult[], unit: string): string {
  const values = windows.flatMap(({ strict, reference }) =>
    [strict, reference].filter((value) => value !== undefined)
  );
  if (!values.length) return "";
  const times = windows.map(({ endS }) => endS);
  const plot = new Plot(
    { label: "end of the window, s", ...span(times, { least: 1 }) },
    { label: unit, ...span(values, { least: 10 }) },
  );
  const known = windows.filter(({ reference }) => reference !== undefined);
  plot.line(known.map(({ endS, reference }) => [endS, reference!] as const), "truth");
  for (const { endS, strict } of windows) {
    if (strict === undefined) plot.dot(endS, plot.y.low, { kind: "withheld", radius: 2 });
    else plot.dot(endS, strict, { kind: "value" });
  }
  return plot.svg("Published values over time, beside the reference");
}

/** Difference over mean of value and truth, with bias and the limits of 95 % (Bland 1986). */
export function blandAltman(windows: readonly WindowResult[], unit: string): string {
  const points = publishedPairs(windows).map(({ value, reference }) => ({
    x: (value + reference) / 2,
    y: value - reference,
  }));
  if (!points.length) return "";
  const bias = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const deviation = Math.sqrt(
    points.reduce((sum, { y }) => sum + (y - bias) ** 2, 0) / Math.max(1, points.length - 1),
  );
  const levels = [bias - 1.96 * deviation, bias, bias + 1.96 * deviation] as const;
  const plot = new Plot(
    {
      label: `mean of value and reference, ${unit}`,
      ...span(points.map(({ x }) => x), { least: 10 }),
    },
    {
      label: `value - reference, ${unit}`,
      ...span([...points.map(({ y }) => y), ...levels], { least: 4 }),
    },
  );
  for (const { x, y } of points) plot.dot(x, y, { kind: "value" });
  plot.level(levels[0], { kind: "limit", label: `-1.96 SD: ${levels[0].toFixed(2)}` });
  plot.level(levels[1], { kind: "bias", label: `bias: ${levels[1].toFixed(2)}` });
  plot.level(levels[2], { kind: "limit", label: `+1.96 SD: ${levels[2].toFixed(2)}` });
  return plot.svg("Bland-Altman plot");
}

/** The share that came true over the probability that was stated; the diagonal is perfect. */
export function reliabilityCurve(bins: readonly ReliabilityBin[]): string {
  if (!bins.length) return "";
  const plot = new Plot({ label: "stated probability", low: 0, high: 1 }, {
    label: "share that was right",
    low: 0,
    high: 1,
  });
  plot.line([[0, 0], [1, 1]], "limit");
  plot.line(bins.map(({ stated, right }) => [stated, right] as const), "curve");
  const most = Math.max(...bins.map(({ count }) => count));
  for (const { stated, right, count } of bins) {
    plot.dot(stated, right, { kind: "value", radius: 2 + 6 * Math.sqrt(count / most) });
  }
  return plot.svg("Reliability curve of the confidence; the size of a dot is its share of windows");
}
