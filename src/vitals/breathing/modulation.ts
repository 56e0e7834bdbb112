import type { RegionSample } from "../../vision/region_sample.ts";
import type { BvpWindow } from "../estimate_context.ts";
import { type Beat, BeatSeries } from "../hrv/beat_series.ts";
import { gridEndingAt, resample } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";
import { TRACK_RATE_HZ, TRACK_SECONDS } from "./chest_track.ts";

const MAX_FPS = 120;
/** Longest gap between beats that is interpolated. Chosen. */
const MAX_BEAT_GAP_US = 2_500_000;
/** Longest gap in the skin's brightness that is interpolated. Chosen. */
const MAX_BASELINE_GAP_US = 1_000_000;
/** Pulse windows with a lower confidence are ignored. Chosen. */
const MIN_CONFIDENCE = 0.6;

/** A respiratory modulation of the pulse. */
export interface Modulation {
  readonly name: "baseline" | "amplitude" | "frequency";
  /** Sampled at `TRACK_RATE_HZ` without gaps, in arbitrary units. */
  readonly signal: Float64Array;
}

/**
 * Extracts the respiratory modulations of the pulse: of the skin's mean brightness (baseline
 * wander), of the height of the beats (amplitude modulation) and of the beat-to-beat intervals
 * (frequency modulation, respiratory sinus arrhythmia).
 *
 * Sources: Charlton et al., Physiol. Meas. 37(4), 2016, compare these three in PPG; Karlen et al.,
 * IEEE Trans. Biomed. Eng. 60(7), 2013, fuse them if they agree.
 */
export class PulseModulations {
  readonly #skin = new SampleRing({ capacity: (TRACK_SECONDS + 5) * MAX_FPS, channels: 1 });
  readonly #beats = new BeatSeries();

  /** Adds the next sample. */
  push({ timeUs, regions: { skin } }: RegionSample): void {
    this.#skin.push(timeUs, [skin && skin.pixels > 0 ? skin.g : NaN]);
  }

  /** Adds the newest BVP window; a window that was added before has no effect. */
  pushBvpWindow(window: BvpWindow): void {
    if (window.confidence >= MIN_CONFIDENCE) this.#beats.push(window);
  }

  /** Returns the modulations that have no gap in the newest `seconds`. */
  read(seconds: number): Modulation[] {
    const endUs = this.#skin.newestUs;
    if (!Number.isFinite(endUs)) return [];
    const grid = gridEndingAt(endUs, { seconds, sampleRateHz: TRACK_RATE_HZ });
    const baseline = resample(this.#skin, { channel: 0, grid, maxGapUs: MAX_BASELINE_GAP_US });
    // The newest beats are not final yet, so these two signals end some seconds earlier.
    const beats = this.#beats.beats;
    const lastUs = beats.at(-1)?.timeUs ?? -Infinity;
    const beatGrid = gridEndingAt(Math.min(endUs, lastUs), {
      seconds: seconds - (endUs - lastUs) / 1e6,
      sampleRateHz: TRACK_RATE_HZ,
    });
    const overBeats = (value: (beat: Beat, before: Beat) => number) => {
      const ring = new SampleRing({ capacity: Math.max(1, beats.length), channels: 1 });
      beats.forEach((beat, k) => k && ring.push(beat.timeUs, [value(beat, beats[k - 1]!)]));
      return resample(ring, { channel: 0, grid: beatGrid, maxGapUs: MAX_BEAT_GAP_US });
    };
    const modulations: Modulation[] = [
      { name: "baseline", signal: baseline },
      { name: "amplitude", signal: overBeats((beat) => beat.height) },
      { name: "frequency", signal: overBeats((beat, { timeUs }) => 1e6 / (beat.timeUs - timeUs)) },
    ];
    return modulations.filter(({ signal }) => signal.length > 0 && signal.every(Number.isFinite));
  }

  /** Discards all samples and beats. */
  reset(): void {
    this.#skin.clear();
    this.#beats.reset();
  }
}
