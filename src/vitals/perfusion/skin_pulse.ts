import type { RegionSample } from "../../vision/region_sample.ts";
import { findBeats } from "../hrv/beats.ts";
import { bandPass } from "../signal/bandpass.ts";
import { mean, standardDeviation } from "../../base/statistics.ts";
import { gridEndingAt, resample } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";

/** Sample rate of the uniform grid, in Hz. */
const RATE_HZ = 30;
const WINDOW_S = 8;
const MAX_FPS = 120;
/** Settling time of the filter at both ends of a window. Chosen. */
const EDGE_S = 1;
/**
 * Maximum mean speed of the face, in face widths per second: at higher speeds shading changes more
 * than the pulse does. Chosen.
 */
const MAX_SPEED = 0.3;

const GREEN = 0, SPEED = 1;

/** Amplitude of the skin's pulse in one window. */
export interface SkinPulseReading {
  /** End of the window. */
  readonly timeUs: number;
  /** Perfusion: pulse amplitude of the green channel divided by its mean (AC/DC). */
  readonly perfusion: number;
  /** Time of each beat's peak, and its height in the same unit. */
  readonly beats: readonly { readonly timeUs: number; readonly height: number }[];
}

/**
 * Measures the pulse in the skin's green channel relative to the channel's mean, so that exposure
 * and distance cancel. Unlike the fused BVP, its amplitude is comparable between windows.
 */
export class SkinPulse {
  readonly #ring = new SampleRing({ capacity: (WINDOW_S + 2) * MAX_FPS, channels: 2 });

  /** Adds the next sample. */
  push(sample: RegionSample): void {
    const skin = sample.regions.skin;
    this.#ring.push(sample.timeUs, [
      skin && skin.pixels > 0 ? skin.g : NaN,
      sample.face?.speed ?? 0,
    ]);
  }

  /**
   * Measures the newest window.
   *
   * @param rate pulse rate in beats/min, which sets the filter's band.
   * @returns undefined if the window has gaps or too much motion.
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
    // Blood absorbs green light, so a higher blood volume lowers the value.
    const relative = green.map((value) => 1 - value / level);
    const hz = rate / 60;
    const filtered = bandPass(relative, {
      lowHz: 0.35 * hz,
      highHz: 2.7 * hz,
      sampleRateHz: RATE_HZ,
    });
    const edge = EDGE_S * RATE_HZ;
    const timeOf = (index: number) => Math.round(grid.startUs + (index * 1e6) / RATE_HZ);
    const beats = findBeats(relative, { sampleRateHz: RATE_HZ, rate })
      .filter(({ crossing, peak }) => crossing >= edge && peak <= green.length - edge)
      .map(({ peak, height }) => ({ timeUs: timeOf(peak), height }));
    const perfusion = Math.SQRT2 * standardDeviation(filtered.slice(edge, -edge));
    return { timeUs: Math.round(endUs), perfusion, beats };
  }

  /** Discards all samples. */
  reset(): void {
    this.#ring.clear();
  }
}
