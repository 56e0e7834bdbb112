import { extent } from "../base/statistics.ts";

/** Size of every plot, in units of its view box. */
const WIDTH = 480;
const HEIGHT = 310;
const MARGIN = { left: 58, right: 14, top: 38, bottom: 46 };
/** Mean width of a character of a label, in units of the view box. */
const CHARACTER_WIDTH = 7;

/** An axis; `low` is below `high`. */
export interface Axis {
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

/** An entry of a legend: a class of dots or lines, with its meaning. */
export interface LegendEntry {
  readonly kind: string;
  readonly shape: "dot" | "line";
  readonly label: string;
}

/** An SVG plot with linear axes and a legend above them. */
export class Plot {
  /** A set, because many windows have the same dot. */
  readonly #parts = new Set<string>();
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
    this.#parts.add(`<circle class="${kind}" ${center} r="${radius}"/>`);
  }

  line(points: readonly (readonly [number, number])[], kind: string): void {
    const path = points.map(([x, y]) => `${this.mapX(x).toFixed(1)},${this.mapY(y).toFixed(1)}`);
    this.#parts.add(`<polyline class="${kind}" points="${path.join(" ")}"/>`);
  }

  /** Draws a horizontal line with a label above or below its right end. */
  horizontal(
    y: number,
    { kind, label, below = false }: { kind: string; label: string; below?: boolean },
  ): void {
    this.line([[this.x.low, y], [this.x.high, y]], kind);
    const offset = below ? 12 : -4;
    this.#text(WIDTH - MARGIN.right, this.mapY(y) + offset, { text: label, anchor: "end" });
  }

  /** Draws a row of entries above the plot area. */
  legend(entries: readonly LegendEntry[]): void {
    let x = MARGIN.left;
    const y = MARGIN.top - 20;
    for (const { kind, shape, label } of entries) {
      this.#parts.add(
        shape === "dot"
          ? `<circle class="${kind}" cx="${x + 8}" cy="${y}" r="4"/>`
          : `<polyline class="${kind}" points="${x},${y} ${x + 16},${y}"/>`,
      );
      this.#text(x + 21, y + 4, { text: label, anchor: "start" });
      x += 21 + Math.round(CHARACTER_WIDTH * label.length) + 16;
    }
  }

  svg(title: string): string {
    return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">` +
      `<title>${title}</title>${[...this.#parts].join("")}</svg>`;
  }

  #drawAxes(): void {
    const bottom = HEIGHT - MARGIN.bottom;
    for (const value of ticks(this.x)) {
      this.line([[value, this.y.low], [value, this.y.high]], "grid");
      this.#text(this.mapX(value), bottom + 17, { text: formatTick(value), anchor: "middle" });
    }
    for (const value of ticks(this.y)) {
      this.line([[this.x.low, value], [this.x.high, value]], "grid");
      this.#text(MARGIN.left - 6, this.mapY(value) + 4, { text: formatTick(value), anchor: "end" });
    }
    const middle = (MARGIN.left + WIDTH - MARGIN.right) / 2;
    this.#text(middle, HEIGHT - 6, { text: this.x.label, anchor: "middle" });
    this.#parts.add(
      `<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">` +
        `${this.y.label}</text>`,
    );
  }

  #text(x: number, y: number, { text, anchor }: { text: string; anchor: string }): void {
    const position = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
    this.#parts.add(`<text ${position}>${text}</text>`);
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
export function rangeAround(values: readonly number[], { minLength }: { minLength: number }) {
  const [low, high] = extent(values);
  const padding = Math.max(0.08 * (high - low), (minLength - (high - low)) / 2);
  return { low: low - padding, high: high + padding };
}
