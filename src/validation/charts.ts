import { publishedPairs, type ReliabilityBin } from "./statistics.ts";
import type { WindowResult } from "./windows.ts";

const WIDTH = 560;
const HEIGHT = 300;
const MARGIN = { left: 52, right: 14, top: 14, bottom: 42 };

/** An axis; `low` is below `high`. */
interface Axis {
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

/** An SVG plot with linear axes. */
class Plot {
  readonly #parts: string[] = [];
  constructor(readonly x: Axis, readonly y: Axis) {
    this.#drawAxes();
  }

  /** Maps a value of the x axis to a coordinate. */
  mapX(value: number): number {
    const fraction = (value - this.x.low) / (this.x.high - this.x.low);
    return MARGIN.left + fraction * (WIDTH - MARGIN.left - MARGIN.right);
  }

  /** Maps a value of the y axis to a coordinate. */
  mapY(value: number): number {
    const fraction = (value - this.y.low) / (this.y.high - this.y.low);
    return HEIGHT - MARGIN.bottom - fraction * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  dot(x: number, y: number, { kind, radius = 3 }: { kind: string; radius?: number }): void {
    const center = `cx="${this.mapX(x).toFixed(1)}" cy="${this.mapY(y).toFixed(1)}"`;
    this.#parts.push(`<circle class="${kind}" ${center} r="${radius}"/>`);
  }

  line(points: readonly (readonly [number, number])[], kind: string): void {
    const path = points.map(([x, y]) => `${this.mapX(x).toFixed(1)},${this.mapY(y).toFixed(1)}`);
    this.#parts.push(`<polyline class="${kind}" points="${path.join(" ")}"/>`);
  }

  /** Draws a horizontal line with a label at its right end. */
  horizontal(y: number, { kind, label }: { kind: string; label: string }): void {
    this.line([[this.x.low, y], [this.x.high, y]], kind);
    this.#text(WIDTH - MARGIN.right, this.mapY(y) - 4, { text: label, anchor: "end" });
  }

  svg(title: string): string {
    return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">` +
      `<title>${title}</title>${this.#parts.join("")}</svg>`;
  }

  #drawAxes(): void {
    const bottom = HEIGHT - MARGIN.bottom;
    for (const value of ticks(this.x)) {
      this.line([[value, this.y.low], [value, this.y.high]], "grid");
      this.#text(this.mapX(value), bottom + 16, { text: formatTick(value), anchor: "middle" });
    }
    for (const value of ticks(this.y)) {
      this.line([[this.x.low, value], [this.x.high, value]], "grid");
      this.#text(MARGIN.left - 6, this.mapY(value) + 4, { text: formatTick(value), anchor: "end" });
    }
    const middle = (MARGIN.left + WIDTH - MARGIN.right) / 2;
    this.#text(middle, HEIGHT - 6, { text: this.x.label, anchor: "middle" });
    this.#parts.push(
      `<text transform="translate(13 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">` +
        `${this.y.label}</text>`,
    );
  }

  #text(x: number, y: number, { text, anchor }: { text: string; anchor: string }): void {
    const position = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
    this.#parts.push(`<text ${position}>${text}</text>`);
  }
}

/** Returns round values that divide an axis into about five intervals. */
function ticks({ low, high }: Axis): number[] {
  const approximateStep = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(approximateStep));
  const factor = approximateStep / power;
  const step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  const values: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) {
    values.push(value);
  }
  return values;
}

function formatTick(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Returns an axis range around the values, at least `minLength` long. */
function rangeAround(values: readonly number[], { minLength }: { minLength: number }) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const padding = Math.max(0.08 * (high - low), (minLength - (high - low)) / 2);
  return { low: low - padding, high: high + padding };
}

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
  return plot.svg("Published values and reference over time");
}

/** Bland-Altman plot with bias and 95 % limits of agreement (Bland & Altman 1986, Lancet). */
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
      ...rangeAround(points.map(({ x }) => x), { minLength: 10 }),
    },
    {
      label: `value - reference, ${unit}`,
      ...rangeAround([...points.map(({ y }) => y), ...levels], { minLength: 4 }),
    },
  );
  for (const { x, y } of points) plot.dot(x, y, { kind: "value" });
  plot.horizontal(levels[0], { kind: "limit", label: `-1.96 SD: ${levels[0].toFixed(2)}` });
  plot.horizontal(levels[1], { kind: "bias", label: `bias: ${levels[1].toFixed(2)}` });
  plot.horizontal(levels[2], { kind: "limit", label: `+1.96 SD: ${levels[2].toFixed(2)}` });
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
  const maxCount = Math.max(...bins.map(({ count }) => count));
  for (const { stated, right, count } of bins) {
    plot.dot(stated, right, { kind: "value", radius: 2 + 6 * Math.sqrt(count / maxCount) });
  }
  return plot.svg(
    "Reliability curve of the confidence; the size of a dot is its number of windows",
  );
}
