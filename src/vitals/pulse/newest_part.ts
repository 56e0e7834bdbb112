import type { RegionName } from "../../vision/region_sample.ts";
import type { ColorSignal } from "../signal/projections.ts";
import { finiteSegments } from "../signal/resample.ts";
import type { PulseSignal, PulseWindow } from "./methods/method.ts";
import { MIN_SEGMENT_S } from "./window_buffer.ts";

/** The newest `length` samples of a window, which are not resampled again. */
export function newestPart(window: PulseWindow, length: number): PulseWindow {
  const { sampleRateHz, network } = window;
  const start = window.length - length;
  const colors = new Map<RegionName, ColorSignal | undefined>();
  const color = (region: RegionName): ColorSignal | undefined => {
    if (!colors.has(region)) {
      const whole = window.color(region);
      colors.set(
        region,
        whole &&
          { r: whole.r.subarray(start), g: whole.g.subarray(start), b: whole.b.subarray(start) },
      );
    }
    return colors.get(region);
  };
  return {
    sampleRateHz,
    length,
    color,
    segments: (region) =>
      finiteSegments(color(region)?.g ?? new Float64Array())
        .filter((segment) => segment.end - segment.start >= MIN_SEGMENT_S * sampleRateHz),
    network: network?.subarray(start),
    readySignals: window.readySignals.map((signal) => signal.subarray(start)),
  };
}

/** The newest `length` samples of signals. */
export function newestOf(signals: readonly PulseSignal[], length: number): PulseSignal[] {
  return signals.map((signal) => ({ ...signal, bvp: signal.bvp.slice(-length) }));
}
