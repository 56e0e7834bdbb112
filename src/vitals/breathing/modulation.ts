import type { RegionSample } from "../../vision/region_sample.ts";
import { BeatSeries, type TimedBeat } from "../hrv/beat_series.ts";
import type { PulseWave } from "../parts.ts";
import { gridEndingAt, resample } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";
import { TRACK_RATE_HZ, TRACK_SECONDS } from "./chest_track.ts";

const MAX_FPS = 120;
/** Beats further apart leave a hole. */
const MAX_BEAT_GAP_US = 2_500_000;
/** A level may be bridged over this hole. */
const MAX_LEVEL_GAP_US = 1_000_000;
/** Beats of a doubtful pulse say nothing about breathing. */
const MIN_CONFIDENCE = 0.6;

/** One thing that breathing does to the pulse, over time. */
export interface Modulation {
  readonly name: "baseline" | "amplitude" | "frequency";
  /** On the track's grid, ending with it, arbitrary units, without holes. */
  readonly signal: Float64Array;
}

/**
 * What breathing does to the pulse: it shifts the skin's mean light (baseline), the height of the
 * beats (amplitude) and the time between them (frequency, respiratory sinus arrhythmia).
 *
 * Source: Charlton et al., Physiol. Meas. 37(4), 2016, who compare these three in PPG; Karlen et
 * al., IEEE Trans. Biomed. Eng. 60(7), 2013, fuse them where they agree.
 */
export class PulseModulations {
  readonly #level = new SampleRing({ capacity: (TRACK_SECONDS + 5) * MAX_FPS, channels: 1 });
  readonly #trail = new BeatSeries();

  /** Takes every sample. */
  push({ timeUs, regions: { skin } }: RegionSample): void {
    this.#level.push(timeUs, [skin && skin.pixels > 0 ? skin.g : NaN]);
  }

  /** Takes the newest pulse window; the same one again changes nothing. */
  pushWave(wave: PulseWave): void {
    if (wave.confidence >= MIN_CONFIDENCE) this.#trail.push(wave);
  }

  /** Those modulations that have no hole in the newest `seconds`. */
  read(seconds: number): Modulation[] {
    const endUs = this.#level.newestUs;
    if (!Number.isFinite(endUs)) return [];
    const grid = gridEndingAt(endUs, { seconds, sampleRateHz: TRACK_RATE_HZ });
    const baseline = resample(this.#level, { channel: 0, grid, maxGapUs: MAX_LEVEL_GAP_US });
    // The newest beats are not settled yet: these two end some seconds earlier.
    const beats = this.#trail.beats;
    const lastUs = beats.at(-1)?.timeUs ?? -Infinity;
    const beatGrid = gridEndingAt(Math.min(endUs, lastUs), {
      seconds: seconds - (endUs - lastUs) / 1e6,
      sampleRateHz: TRACK_RATE_HZ,
    });
    const overBeats = (value: (beat: TimedBeat, before: TimedBeat) => number) => {
      const ring = new SampleRing({ capacity: Math.max(1, beats.length), channels: 1 });
      beats.forEach((beat, k) => k && ring.push(beat.timeUs, [value(beat, beats[k - 1]!)]));
      return resample(ring, { channel: 0, grid: beatGrid, maxGapUs: MAX_BEAT_GAP_US });
    };
    const found: Modulation[] = [
      { name: "baseline", signal: baseline },
      { name: "amplitude", signal: overBeats((beat) => beat.height) },
      { name: "frequency", signal: overBeats((beat, { timeUs }) => 1e6 / (beat.timeUs - timeUs)) },
    ];
    return found.filter(({ signal }) => signal.length > 0 && signal.every(Number.isFinite));
  }

  /** Forgets all samples and beats. */
  reset(): void {
    this.#level.clear();
    this.#trail.reset();
  }
}
