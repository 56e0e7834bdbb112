import { type MonotonicUs, monotonicUs } from "../base/time.ts";
import type { FaceLandmarks, RegionSample } from "../vision/region_sample.ts";
import type {
  BreathingEstimate,
  PulseEstimate,
  Sample,
  SignalQuality,
  VitalsEstimate,
} from "../vitals/estimate.ts";

/** Frame rate of the camera that a device of the fleet would have, in frames per second. */
export const CAMERA_FPS = 30;
/** Capture interval of that camera, in microseconds. */
const FRAME_US = 1e6 / CAMERA_FPS;
/** Interval of the pulse rate and the variability, in frames: once a second, as in a recording. */
const RATE_FRAMES = CAMERA_FPS;
/** Breaths whose shape each message has, as in docs/examples/core_metrics.json. */
const BREATHS = [1, 2] as const;

/** A pulse and breathing without an image. */
export interface FleetVitalsOptions {
  /** In beats/min. */
  readonly pulseBpm: number;
  /** In breaths/min. */
  readonly breathingBpm: number;
  /** Capture time of the first frame. */
  readonly startUs: MonotonicUs;
}

/**
 * The estimates of a device that measures a person well: the arrays have as many entries as in the
 * messages that a real device publishes, without the cost of computing them from images.
 */
export class FleetVitals {
  readonly #options: FleetVitalsOptions;
  /** Index of the newest frame of the last estimate. */
  #lastFrame = -1;
  #lastBeat = 0;

  constructor(options: FleetVitalsOptions) {
    this.#options = options;
  }

  /** Returns the estimate at `timeUs`, with the samples since the last one. */
  estimate(timeUs: MonotonicUs): VitalsEstimate {
    const { startUs } = this.#options;
    // The millionth allows for the rounding of an interval that is a whole number of frames.
    const frame = Math.floor((timeUs - startUs) / FRAME_US + 1e-6);
    const frames = Array.from(
      { length: Math.max(0, frame - this.#lastFrame) },
      (_, index) => this.#lastFrame + 1 + index,
    );
    this.#lastFrame = frame;
    const newestUs = monotonicUs(Math.round(startUs + frame * FRAME_US));
    return {
      timeUs: newestUs,
      frameCount: frame + 1,
      subject: 1,
      pulse: this.#pulse(frames, newestUs),
      breathing: this.#breathing(frames, newestUs),
      condition: "OK",
      signal: signalAt(frame),
    };
  }

  #pulse(frames: readonly number[], timeUs: MonotonicUs): PulseEstimate {
    const { pulseBpm: value, breathingBpm } = this.#options;
    const hasRate = frames.some((frame) => frame % RATE_FRAMES === 0);
    return {
      strict: { value, confidence: 0.97, windowS: 10 },
      rate: hasRate ? [{ timeUs, value, confidence: 0.97, stable: true }] : [],
      trace: this.#trace(frames, value, 0.0007),
      beats: this.#beatsUntil(timeUs),
      ...hasRate
        ? {
          hrv: {
            rmssd: 31.4,
            sdnn: 38.2,
            meanNn: 60_000 / value,
            nnCount: 60,
            artifactFraction: 0,
            confidence: 0.9,
          },
        }
        : {},
      respirationQuotient: [{ timeUs, value: value / breathingBpm }],
    };
  }

  #breathing(frames: readonly number[], timeUs: MonotonicUs): BreathingEstimate {
    const { breathingBpm: value } = this.#options;
    const breathUs = 60e6 / value;
    const ofBreaths = (of: number): Sample[] =>
      BREATHS.map((breath) => ({
        timeUs: monotonicUs(Math.round(timeUs - breath * breathUs)),
        value: of * (1 + 0.03 * breath),
      }));
    return {
      strict: { value, confidence: 0.95, windowS: 12 },
      rate: [{ timeUs, value, confidence: 0.95, stable: true }],
      upperTrace: this.#trace(frames, value, 0.001),
      amplitude: ofBreaths(0.0047),
      apnea: [{ timeUs, detected: false, stable: true }],
      respiratoryLineLength: [{ timeUs, value: 0.00239 }],
      baseline: ofBreaths(-0.0024),
      inhaleExhaleRatio: ofBreaths(0.67),
    };
  }

  /** Samples of a sine of `perMinute` cycles. */
  #trace(frames: readonly number[], perMinute: number, amplitude: number): Sample[] {
    const { startUs } = this.#options;
    return frames.map((frame) => ({
      timeUs: monotonicUs(Math.round(startUs + frame * FRAME_US)),
      value: amplitude * Math.sin(2 * Math.PI * perMinute / 60 * frame / CAMERA_FPS),
    }));
  }

  #beatsUntil(timeUs: MonotonicUs) {
    const { startUs, pulseBpm } = this.#options;
    const intervalMs = 60_000 / pulseBpm;
    const beat = Math.floor((timeUs - startUs) / 1000 / intervalMs);
    if (beat <= this.#lastBeat) return [];
    this.#lastBeat = beat;
    const beatUs = monotonicUs(Math.round(startUs + beat * intervalMs * 1000));
    return [{ timeUs: beatUs, intervalMs, confidence: 0.97 }];
  }
}

/** The signal quality of a frame. */
export function signalAt(frame: number): SignalQuality {
  return {
    snrDb: 9.4,
    brightness: 121.6 + frame % 7 / 10,
    saturatedFraction: 0.002,
    fps: CAMERA_FPS,
  };
}

const LANDMARKS: FaceLandmarks = {
  rightEye: { x: 0.45, y: 0.36 },
  leftEye: { x: 0.55, y: 0.36 },
  nose: { x: 0.5, y: 0.42 },
  mouth: { x: 0.5, y: 0.48 },
  rightEar: { x: 0.4, y: 0.38 },
  leftEar: { x: 0.6, y: 0.38 },
};

/** What a device measures in a frame in which a face is visible. */
export function sampleAt(frame: number, timeUs: MonotonicUs): RegionSample {
  return {
    timeUs,
    sequence: frame,
    regions: {},
    face: {
      box: { x: 0.38, y: 0.24, width: 0.24, height: 0.32 },
      landmarks: LANDMARKS,
      score: 0.94,
      ageUs: 0,
      speed: 0.012,
      track: 1,
    },
    faceCount: 1,
    brightness: 121.6,
    clipped: 0.002,
    motion: 0.83 + frame % 5 / 100,
  };
}
