import type { RegionName } from "../../vision/region_sample.ts";
import type { ColorSignal } from "../signal/projections.ts";
import type { PulseSignal, PulseWindow } from "./methods/method.ts";
import { usableSegments } from "./window_buffer.ts";

/** The newest `length` samples of a window, which are neither copied nor resampled again. */
export function newestPart(window: PulseWindow, length: number): PulseWindow {
  const start = window.length - length;
  const color = (region: RegionName): ColorSignal | undefined => {
    const whole = window.color(region);
    return whole &&
      { r: whole.r.subarray(start), g: whole.g.subarray(start), b: whole.b.subarray(start) };
  };
  return {
    sampleRateHz: window.sampleRateHz,
    length,
    color,
    segments: (region) => usableSegments(color(region)),
    network: window.network?.subarray(start),
    readySignals: window.readySignals.map((signal) => signal.subarray(start)),
  };
}

/** The newest `length` samples of signals, which are not copied. */
export function newestOf(signals: readonly PulseSignal[], length: number): PulseSignal[] {
  return signals.map((signal) => ({ ...signal, bvp: signal.bvp.subarray(-length) }));
}
