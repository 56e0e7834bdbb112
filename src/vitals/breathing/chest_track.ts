import { mean } from "../../base/statistics.ts";
import type { Displacement, RegionSample } from "../../vision/region_sample.ts";
import { finiteSegments, gridEndingAt, resample } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";

/** Sample rate of the analysis in Hz: breaths and their harmonics lie far below 5 Hz. */
export const TRACK_RATE_HZ = 10;
/** Longest window of the analysis in seconds: four breaths at 4 breaths/min. */
export const TRACK_SECONDS = 60;
/** Displacements with a lower confidence are ignored. Chosen. */
const MIN_CONFIDENCE = 0.1;
/**
 * Minimum mean confidence of the nose's displacements. It is stricter than for the chest, because
 * the nose serves to reject the chest's rate. Chosen.
 */
const MIN_NOSE_CONFIDENCE = 0.35;
/**
 * Faster chest motion is no breath, in frame heights per second. A deep, fast breath in front of
 * the camera stays below 0.1.
 */
const MAX_CHEST_SPEED = 0.2;
/** Faster head motion also moves the shoulders, in face widths per second. Chosen. */
const MAX_FACE_SPEED = 0.6;
/** Longest gap that is interpolated: the chest moves little in this time. Chosen. */
const MAX_GAP_US = 1_000_000;
/** Time constant of the high-pass filter that removes drift from the published trace. Chosen. */
const DRIFT_TIME_CONSTANT_S = 20;
const MAX_FPS = 120;
/** Number of samples for `changingFraction`. */
const CHANGE_SAMPLES = 10 * TRACK_RATE_HZ;

const CHEST = 0, NOSE = 1, MOVING = 2, CHANGING = 3, NOSE_CONFIDENCE = 4;
const CHANNELS = 5;

/** The newest segment of the chest trace without gaps, on a uniform grid. */
export interface ChestSegment {
  /** Chest position in frame heights, inhaling is up; the last sample is at `endUs`. */
  readonly chest: Float64Array;
  /** Position of the nose, likewise; absent if it was not tracked well and without gaps. */
  readonly nose?: Float64Array;
  readonly endUs: number;
  readonly sampleRateHz: number;
  /** Fraction of samples that were left out because of motion, 0..1. */
  readonly motionFraction: number;
  /** Fraction of the last ten seconds in which the image changed; 0 means a frozen camera. */
  readonly changingFraction: number;
}

/**
 * Integrates the displacements of the chest to a position, on the camera's timestamps.
 *
 * Samples in which the body moves too fast for a breath add nothing. A long gap ends a segment.
 */
export class ChestTrack {
  readonly #ring = new SampleRing({ capacity: (TRACK_SECONDS + 5) * MAX_FPS, channels: CHANNELS });
  #chest = 0;
  #nose = 0;
  /** Chest position without its slow drift. */
  #level = 0;

  /**
   * Adds the next sample.
   *
   * @returns the chest position to publish, without its slow drift; undefined if the chest is not
   *   tracked or the sample is not newer than the last one.
   */
  push(sample: RegionSample): number | undefined {
    const elapsedS = Math.min(1, Math.max(1e-3, (sample.timeUs - this.#ring.newestUs) / 1e6));
    const chest = tracked(sample.chest), nose = tracked(sample.nose);
    const speed = Math.abs(chest?.dy ?? 0) / elapsedS;
    const moving = speed > MAX_CHEST_SPEED || (sample.face?.speed ?? 0) > MAX_FACE_SPEED;
    if (chest && !moving) {
      this.#chest -= chest.dy;
      this.#level = this.#level * Math.exp(-elapsedS / DRIFT_TIME_CONSTANT_S) - chest.dy;
    }
    if (nose && !moving) this.#nose -= nose.dy;
    const added = this.#ring.push(sample.timeUs, [
      chest ? this.#chest : NaN,
      nose ? this.#nose : NaN,
      moving ? 1 : 0,
      sample.motion > 0 ? 1 : 0,
      nose?.confidence ?? 0,
    ]);
    return added && chest ? this.#level : undefined;
  }

  /** Returns the fraction of samples of the newest `seconds` in which the chest was tracked. */
  trackedFraction(seconds: number): number {
    const from = this.#ring.firstFrom(this.#ring.newestUs - seconds * 1e6);
    let count = 0;
    for (let k = from; k < this.#ring.length; k++) {
      if (!Number.isNaN(this.#ring.value(k, CHEST))) count++;
    }
    return this.#ring.length > from ? count / (this.#ring.length - from) : 0;
  }

  /** Time of the newest sample, or -Infinity if there is none. */
  get newestUs(): number {
    return this.#ring.newestUs;
  }

  /** Returns the segment without gaps that ends now, of at most `seconds`; it may be empty. */
  segment(seconds: number): ChestSegment {
    const sampleRateHz = TRACK_RATE_HZ;
    const endUs = this.#ring.newestUs;
    const empty: ChestSegment = {
      chest: new Float64Array(),
      endUs,
      sampleRateHz,
      motionFraction: 0,
      changingFraction: 0,
    };
    if (this.#ring.length < 2) return empty;
    const grid = gridEndingAt(endUs, { seconds, sampleRateHz });
    const read = (channel: number) => resample(this.#ring, { channel, grid, maxGapUs: MAX_GAP_US });
    const positions = read(CHEST);
    const newest = finiteSegments(positions).at(-1);
    // A late sample may leave a gap of one or two grid points at the end. A longer gap means that
    // the chest is lost.
    if (!newest || positions.length - newest.end > TRACK_RATE_HZ) return empty;
    const part = (signal: Float64Array) => signal.slice(newest.start, newest.end);
    const nose = part(read(NOSE));
    const noseConfidence = mean(part(read(NOSE_CONFIDENCE)));
    return {
      chest: part(positions),
      ...(nose.every(Number.isFinite) && noseConfidence >= MIN_NOSE_CONFIDENCE ? { nose } : {}),
      endUs: grid.startUs + ((newest.end - 1) * 1e6) / sampleRateHz,
      sampleRateHz,
      motionFraction: mean(part(read(MOVING))),
      changingFraction: mean(part(read(CHANGING)).slice(-CHANGE_SAMPLES)),
    };
  }

  /** Discards all samples. */
  clear(): void {
    this.#ring.clear();
    this.#chest = this.#nose = this.#level = 0;
  }
}

function tracked(displacement: Displacement | undefined): Displacement | undefined {
  return displacement && displacement.confidence >= MIN_CONFIDENCE &&
      Number.isFinite(displacement.dy)
    ? displacement
    : undefined;
}
