/** The chart of the trends, a script of its own that is loaded when trends are first opened. */
import UPlot from "uplot";
import { type ChartColumns, panRange } from "./model/trend.ts";

export interface TrendChartOptions {
  readonly width: number;
  readonly height: number;
  readonly labels: { readonly time: string; readonly pulse: string; readonly breathing: string };
}

/** Usual ranges, chosen so that the two lines do not cross. */
const BREATHING_RANGE = [0, 60] as const;
const PULSE_RANGE = [0, 140] as const;
const DAY_S = 86_400;

/** Pulse and breathing over time. Dragging zooms, a double click shows the whole range. */
export class TrendChart {
  readonly #chart: UPlot;

  constructor(parent: HTMLElement, { width, height, labels }: TrendChartOptions) {
    const style = getComputedStyle(parent);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: color("--text"), grid: { stroke: color("--border"), width: 1 } };
    const value = (_: UPlot, raw: number | null) => raw === null ? "–" : raw.toFixed(1);
    this.#chart = new UPlot(
      {
        width,
        height,
        cursor: { drag: { x: true, y: false, uni: 10 } },
        scales: {
          pulse: { range: rangeWith(PULSE_RANGE) },
          breathing: { range: rangeWith(BREATHING_RANGE) },
        },
        axes: [
          { ...axis, values: (_, splits, _axis, _space, stepS) => splits.map(timeLabel(stepS)) },
          { ...axis, scale: "pulse", size: 44 },
          { ...axis, scale: "breathing", side: 1, size: 44, grid: { show: false } },
        ],
        series: [
          { label: labels.time },
          { label: labels.pulse, scale: "pulse", stroke: color("--pulse"), width: 2, value },
          {
            label: labels.breathing,
            scale: "breathing",
            stroke: color("--breathing"),
            width: 2,
            value,
          },
        ],
      },
      [[], [], []],
      parent,
    );
    // The range that is shown, in seconds since the Unix epoch, for tests.
    const showRange = ({ scales }: UPlot) => {
      const { min, max } = scales["x"]!;
      parent.dataset["range"] = [min, max].map((each) => each?.toFixed(0)).join(" ");
    };
    (this.#chart.hooks.setScale ??= []).push(showRange);
  }

  /** Shows other values; a zoomed range stays. */
  setData({ time, pulse, breathing }: ChartColumns): void {
    const [before] = this.#chart.data;
    const { min, max } = this.#chart.scales["x"]!;
    const isZoomed = before.length > 1 && min !== undefined && max !== undefined &&
      (min > before[0]! || max < before.at(-1)!);
    this.#chart.setData([time, pulse, breathing], !isZoomed);
  }

  setWidth(width: number): void {
    if (width !== this.#chart.width && width > 0) {
      this.#chart.setSize({ width, height: this.#chart.height });
    }
  }

  /** Moves the shown range by a part of its length. */
  pan(part: number): void {
    const { min, max } = this.#chart.scales["x"]!;
    const [times] = this.#chart.data;
    if (min === undefined || max === undefined || times.length < 2) return;
    const [from, to] = panRange([min, max], { part, limits: [times[0]!, times.at(-1)!] });
    this.#chart.setScale("x", { min: from, max: to });
  }

  /** Shows the whole range. */
  reset(): void {
    const [times] = this.#chart.data;
    if (times.length > 1) this.#chart.setScale("x", { min: times[0]!, max: times.at(-1)! });
  }

  /** The chart as PNG, with a title and the background of the page. */
  toPng(title: string): Promise<Blob | null> {
    const source = this.#chart.ctx.canvas;
    const canvas = document.createElement("canvas");
    const line = 28 * devicePixelRatio;
    canvas.width = source.width;
    canvas.height = source.height + line;
    const context = canvas.getContext("2d")!;
    const style = getComputedStyle(this.#chart.root);
    context.fillStyle = style.getPropertyValue("--card").trim();
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = style.getPropertyValue("--text").trim();
    context.font = `${16 * devicePixelRatio}px system-ui, sans-serif`;
    context.fillText(title, line / 2, line * 0.75);
    context.drawImage(source, 0, line);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  destroy(): void {
    this.#chart.destroy();
  }
}

/** Labels of the time axis: the time of day, or the date if the labels are days apart. */
function timeLabel(stepS: number): (seconds: number) => string {
  const format = new Intl.DateTimeFormat(
    document.documentElement.lang,
    stepS >= DAY_S
      ? { month: "short", day: "numeric" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  );
  return (seconds) => format.format(seconds * 1000);
}

/** A range that includes the usual values, so that noise does not fill the chart. */
function rangeWith([low, high]: readonly [number, number]): UPlot.Scale.Range {
  return (_, min, max) => [Math.min(low, min ?? low), Math.max(high, max ?? high)];
}
