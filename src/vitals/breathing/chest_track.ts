import type { Displacement, RegionSample } from "../../vision/region_sample.ts";
import { mean } from "../../base/statistics.ts";
import { finiteSegments, gridEndingAt, resample } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";

/** Analysis runs at this rate: breaths and their harmonics end far under 5 Hz. */
export const TRACK_RATE_HZ = 10;
/** The longest stretch that is ever looked at: four breaths at four a minute. */
export const TRACK_SECONDS = 60;
/** Motion with less confidence is not confirmed. */
const MIN_CONFIDENCE = 0.1;
/** The nose speaks against the chest: on average it must be known better. */
const MIN_NOSE_CONFIDENCE = 0.35;
/** In heights of the picture per second. A deep, fast breath before the camera stays under 0.1. */
const MAX_CHEST_SPEED = 0.2;
/** In widths of the face per second; a nodding head pulls the shoulders along. */
const MAX_FACE_SPEED = 0.6;
/** Holes up to this are bridged: the chest does not go far in it. */
const MAX_HOLE_US = 1_000_000;
/** Slow drift leaves the published trace with this time constant. */
const LEAK_S = 20;
const MAX_FPS = 120;
const LIVE_SAMPLES = 10 * TRACK_RATE_HZ;

const CHEST = 0, NOSE = 1, MOVED = 2, CHANGE = 3, NOSE_CONFIDENCE = 4;
const CHANNELS = 5;

/** The newest stretch of the chest's trace, on a uniform grid, inhaling up. */
export interface ChestStretch {
  /** Heights of the picture, the last sample at `endUs`. */
  readonly chest: Float64Array;
  /** The nose in the same unit; absent where it was not followed well and throughout. */
  readonly nose?: Float64Array;
  readonly endUs: number;
  readonly sampleRateHz: number;
  /** Share of samples that were left out for motion, 0..1. */
  readonly movedShare: number;
  /** Share of the last ten seconds in which the picture changed at all: 0 says that it is frozen. */
  readonly liveShare: number;
}

/**
 * Adds up the chest's displacements to a position, on true time. Samples in which the body moves
 * too fast for a breath add nothing; holes end a stretch.
 */
export class ChestTrack {
  readonly #ring = new SampleRing({ capacity: (TRACK_SECONDS + 5) * MAX_FPS, channels: CHANNELS });
  #chest = 0;
  #nose = 0;
  #level = 0;

  /**
   * Takes the next sample.
   *
   * @returns the position to publish, less its slow drift; undefined while the chest is not followed.
   */
  push(sample: RegionSample): number | undefined {
    const elapsedS = Math.min(1, Math.max(1e-3, (sample.timeUs - this.#ring.newestUs) / 1e6));
    const chest = followed(sample.chest), nose = followed(sample.nose);
    const speed = Math.abs(chest?.dy ?? 0) / elapsedS;
    const moved = speed > MAX_CHEST_SPEED || (sample.face?.speed ?? 0) > MAX_FACE_SPEED;
    if (chest && !moved) {
      this.#chest -= chest.dy;
      this.#level = this.#level * Math.exp(-elapsedS / LEAK_S) - chest.dy;
    }
    if (nose && !moved) this.#nose -= nose.dy;
    const kept = this.#ring.push(sample.timeUs, [
      chest ? this.#chest : NaN,
      nose ? this.#nose : NaN,
      moved ? 1 : 0,
      sample.motion > 0 ? 1 : 0,
      nose?.confidence ?? 0,
    ]);
    return kept && chest ? this.#level : undefined;
  }

  /** Share of the newest `seconds` of samples in which the chest was followed, 0..1. */
  followedShare(seconds: number): number {
    const from = this.#ring.firstFrom(this.#ring.newestUs - seconds * 1e6);
    let followed = 0;
    for (let k = from; k < this.#ring.length; k++) {
      if (!Number.isNaN(this.#ring.value(k, CHEST))) followed++;
    }
    return this.#ring.length > from ? followed / (this.#ring.length - from) : 0;
  }

  /** Time of the newest sample, -Infinity where there is none. */
  get newestUs(): number {
    return this.#ring.newestUs;
  }

  /** The unbroken stretch up to the newest sample, of at most `seconds`; empty where none is. */
  stretch(seconds: number): ChestStretch {
    const sampleRateHz = TRACK_RATE_HZ;
    const endUs = this.#ring.newestUs;
    const none = { chest: new Float64Array(), endUs, sampleRateHz, movedShare: 0, liveShare: 0 };
    if (this.#ring.length < 2) return none;
    const grid = gridEndingAt(endUs, { seconds, sampleRateHz });
    const read = (channel: number) =>
      resample(this.#ring, { channel, grid, maxGapUs: MAX_HOLE_US });
    const all = read(CHEST);
    const run = finiteSegments(all).at(-1);
    // A grid point or two at the end may miss a late sample; more is a chest that was lost.
    if (!run || all.length - run.end > TRACK_RATE_HZ) return none;
    const part = (signal: Float64Array) => signal.slice(run.start, run.end);
    const nose = part(read(NOSE));
    const noseConfidence = mean(part(read(NOSE_CONFIDENCE)));
    return {
      chest: part(all),
      ...(nose.every(Number.isFinite) && noseConfidence >= MIN_NOSE_CONFIDENCE ? { nose } : {}),
      endUs: grid.startUs + ((run.end - 1) * 1e6) / sampleRateHz,
      sampleRateHz,
      movedShare: mean(part(read(MOVED))),
      liveShare: mean(part(read(CHANGE)).slice(-LIVE_SAMPLES)),
    };
  }

  /** Forgets all samples. */
  clear(): void {
    this.#ring.clear();
    this.#chest = this.#nose = this.#level = 0;
  }
}

function followed(motion: Displacement | undefined): Displacement | undefined {
  return motion && motion.confidence >= MIN_CONFIDENCE && Number.isFinite(motion.dy)
    ? motion
    : undefined;
}
