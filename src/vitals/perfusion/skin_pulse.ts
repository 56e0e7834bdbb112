import type { RegionSample } from "../../vision/region_sample.ts";
import { findBeats } from "../hrv/beats.ts";
import { bandPass } from "../signal/bandpass.ts";
import { mean, standardDeviation } from "../../base/statistics.ts";
import { gridEndingAt, resample } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";

const RATE_HZ = 30;
const WINDOW_S = 8;
const MAX_FPS = 120;
/** The filter settles within this at both ends. */
const EDGE_S = 1;
/** In widths of the face per second: faster skin changes its shading by more than its pulse. */
const MAX_SPEED = 0.3;

const GREEN = 0, SPEED = 1;

/** How strongly blood pulses in the skin, from one window. */
export interface SkinPulseReading {
  readonly timeUs: number;
  /** Amplitude of the pulse in green light over the skin's mean green (AC/DC), a small ratio. */
  readonly perfusion: number;
  /** Height of each beat in the same unit, at its peak. */
  readonly beats: readonly { readonly timeUs: number; readonly height: number }[];
}

/**
 * Measures the pulse of the skin's green light in shares of that light, so that exposure and
 * distance cancel. Unlike the fused pulse wave it keeps its size from window to window.
 */
export class SkinPulse {
  readonly #ring = new SampleRing({ capacity: (WINDOW_S + 2) * MAX_FPS, channels: 2 });

  /** Takes every sample. */
  push(sample: RegionSample): void {
    const skin = sample.regions.skin;
    this.#ring.push(sample.timeUs, [
      skin && skin.pixels > 0 ? skin.g : NaN,
      sample.face?.speed ?? 0,
    ]);
  }

  /**
   * The newest window, at a known pulse rate.
   *
   * @param rate beats/min.
   * @returns undefined while the window has holes or too much motion.
   */
  read(rate: number): SkinPulseReading | undefined {
    const endUs = this.#ring.newestUs;
    if (!Number.isFinite(endUs)) return undefined;
    const grid = gridEndingAt(endUs, { seconds: WINDOW_S, sampleRateHz: RATE_HZ });
    const green = resample(this.#ring, { channel: GREEN, grid });
    if (!green.every(Number.isFinite)) return undefined;
    if (mean(resample(this.#ring, { channel: SPEED, grid })) > MAX_SPEED) return undefined;
    const level = mean(green);
    if (!(level > 0)) return undefined;
    // Blood takes light away: more blood, less green.
    const relative = green.map((value) => 1 - value / level);
    const hz = rate / 60;
    const wave = bandPass(relative, { lowHz: 0.35 * hz, highHz: 2.7 * hz, sampleRateHz: RATE_HZ });
    const edge = EDGE_S * RATE_HZ;
    const timeOf = (index: number) => Math.round(grid.startUs + (index * 1e6) / RATE_HZ);
    const beats = findBeats(relative, { sampleRateHz: RATE_HZ, rate })
      .filter(({ index, peak }) => index >= edge && peak <= green.length - edge)
      .map(({ peak, height }) => ({ timeUs: timeOf(peak), height }));
    const perfusion = Math.SQRT2 * standardDeviation(wave.slice(edge, -edge));
    return { timeUs: Math.round(endUs), perfusion, beats };
  }

  /** Forgets all samples. */
  reset(): void {
    this.#ring.clear();
  }
}
