import type { RegionName } from "../../src/vision/region_sample.ts";
import type { PulseWindow } from "../../src/vitals/pulse/methods/method.ts";
import type { ColorSignal } from "../../src/vitals/signal/projections.ts";
import { SAMPLE_RATE_HZ, signalOf } from "./synthetic_signals.ts";

/** Ten seconds of a color whose channels change by these fractions, as functions of time. */
export function colorOf(
  { r, g, b }: Readonly<Record<"r" | "g" | "b", (seconds: number) => number>>,
): ColorSignal {
  return {
    r: signalOf((seconds) => 150 * (1 + r(seconds))),
    g: signalOf((seconds) => 110 * (1 + g(seconds))),
    b: signalOf((seconds) => 90 * (1 + b(seconds))),
  };
}

/** A window of ten seconds without gaps that has these regions. */
export function pulseWindow(
  regions: Readonly<Partial<Record<RegionName, ColorSignal>>>,
): PulseWindow {
  return {
    sampleRateHz: SAMPLE_RATE_HZ,
    length: 10 * SAMPLE_RATE_HZ,
    color: (region) => regions[region],
    segments: (region) => {
      const color = regions[region];
      return color ? [{ start: 0, end: color.g.length }] : [];
    },
    network: undefined,
    readySignals: [],
  };
}
