/** The results of `growth.ts` as plots and as a table. */
import { Plot } from "../../src/validation/plot.ts";
import type { Measured } from "./bench_programs.ts";

/** One measurement, and what was varied for it. */
export interface GrowthPoint extends Measured {
  readonly varied: "fps" | "size" | "subscribers";
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly subscribers: number;
}

const RESULTS_FILE = new URL("growth_results.json", import.meta.url);
const STYLE = "svg{font:13px system-ui,sans-serif}text{fill:#333}polyline{fill:none}" +
  ".grid{stroke:#ddd}.first{stroke:#0a7d5a;stroke-width:2}.second{stroke:#c26a00;stroke-width:2}" +
  "circle.first{fill:#0a7d5a}circle.second{fill:#c26a00}";
const PANEL = { width: 480, height: 310 } as const;

export function readGrowth(): GrowthPoint[] {
  return JSON.parse(Deno.readTextFileSync(RESULTS_FILE));
}

/** A curve by its values; `kind` is the class of its style. */
interface Curve {
  readonly kind: "first" | "second";
  readonly label: string;
  readonly of: (point: GrowthPoint) => number;
}

interface Panel {
  readonly title: string;
  readonly varied: GrowthPoint["varied"];
  readonly x: { readonly label: string; readonly of: (point: GrowthPoint) => number };
  readonly y: string;
  readonly curves: readonly Curve[];
}

const cpuMs: Curve = { kind: "first", label: "CPU time", of: (point) => point.cpuMs };
const PANELS: readonly Panel[] = [
  {
    title: "CPU by frame rate",
    varied: "fps",
    x: { label: "frames per second", of: ({ fps }) => fps },
    y: "% of a core",
    curves: [{ ...cpuMs, of: (point) => point.cpuMs * point.fps / 10 }],
  },
  {
    title: "Latency by frame rate",
    varied: "fps",
    x: { label: "frames per second", of: ({ fps }) => fps },
    y: "ms from capture to subscriber",
    curves: [
      { kind: "first", label: "p50", of: ({ frameP50Ms }) => frameP50Ms },
      { kind: "second", label: "p99", of: ({ frameP99Ms }) => frameP99Ms },
    ],
  },
  {
    title: "CPU by picture size",
    varied: "size",
    x: { label: "megapixels", of: ({ width, height }) => width * height / 1e6 },
    y: "ms a frame",
    curves: [cpuMs],
  },
  {
    title: "CPU by subscribers",
    varied: "subscribers",
    x: { label: "subscribers", of: ({ subscribers }) => subscribers },
    y: "ms a frame",
    curves: [cpuMs],
  },
];

/** An SVG file with one plot for each panel. */
export function growthPlots(points: readonly GrowthPoint[]): string {
  const plots = PANELS.map((panel, at) => {
    const x = (at % 2) * PANEL.width, y = Math.floor(at / 2) * PANEL.height;
    return plotOf(panel, points).replace(
      "<svg ",
      `<svg x="${x}" y="${y}" width="${PANEL.width}" height="${PANEL.height}" `,
    );
  });
  const width = 2 * PANEL.width, height = Math.ceil(PANELS.length / 2) * PANEL.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">` +
    `<style>${STYLE}</style><rect width="100%" height="100%" fill="white"/>` +
    `${plots.join("")}</svg>\n`;
}

function plotOf({ title, varied, x, y, curves }: Panel, points: readonly GrowthPoint[]): string {
  const own = points.filter((point) => point.varied === varied);
  const highest = Math.max(...own.flatMap((point) => curves.map(({ of }) => of(point))));
  const plot = new Plot(
    { label: x.label, low: 0, high: Math.max(...own.map(x.of)) },
    { label: y, low: 0, high: 1.1 * highest },
  );
  for (const { kind, of } of curves) {
    const values = own.map((point) => [x.of(point), of(point)] as const);
    plot.line(values, kind);
    for (const [at, value] of values) plot.dot(at, value, { kind });
  }
  plot.legend(curves.map(({ kind, label }) => ({
    kind,
    shape: "line",
    label: curves.length > 1 ? label : title,
  })));
  return plot.svg(title);
}

/** The results as rows of text. */
export function growthRows(points: readonly GrowthPoint[]): string[][] {
  const fixed = (value: number | null, digits: number) =>
    value === null || Number.isNaN(value) ? "" : value.toFixed(digits);
  return points.map((point) => [
    `${point.width}x${point.height}`,
    `${point.fps}`,
    `${point.subscribers}`,
    fixed(point.cpuMs, 2),
    `${fixed(point.cpuMs * point.fps / 10, 0)} %`,
    fixed(point.frameP50Ms, 1),
    fixed(point.frameP99Ms, 1),
    fixed(point.lost, 0),
    fixed(point.pssMb, 0),
  ]);
}
