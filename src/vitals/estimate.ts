import type { MonotonicUs } from "../base/time.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import type { StatusName } from "./condition/status_table.ts";
import type { Variability } from "./hrv/variability.ts";
import type { Withheld } from "./withheld.ts";

/** A value at a point in time. */
export interface Sample {
  /** Monotonic time in microseconds. */
  readonly timeUs: MonotonicUs;
  readonly value: number;
}

/** A rate with its confidence. */
export interface RateSample extends Sample {
  /** Probability that the rate is within 3 beats/min or 2 breaths/min of the true one, 0..1. */
  readonly confidence: number;
  /** True if the confidence is high enough for a `strict` value. */
  readonly stable: boolean;
}

/** Whether an event was detected at a point in time. */
export interface DetectionSample {
  /** Monotonic time in microseconds. */
  readonly timeUs: MonotonicUs;
  readonly detected: boolean;
  /** True if the signal was good enough for a decision. */
  readonly stable: boolean;
}

/** The single value to display; it exists only if its confidence is high enough. */
export interface Strict {
  readonly value: number;
  readonly confidence: number;
  /** The value describes this time before the newest sample, in seconds. */
  readonly windowS: number;
}

/** Heart rate variability in milliseconds. */
export interface Hrv extends Variability {
  /** Probability that the RMSSD is within 10 ms of that of a contact sensor. */
  readonly confidence: number;
}

/** One heartbeat. */
export interface PulseBeat {
  /** Monotonic time of the steepest rise of the blood volume pulse, in microseconds. */
  readonly timeUs: MonotonicUs;
  /** Time since the beat before, in milliseconds; absent after a gap. */
  readonly intervalMs?: number;
  /** Probability that the rate of the window that contains the beat is right, 0..1. */
  readonly confidence: number;
}

/** The pulse; exactly one of `strict` and `withheld` is present. */
export interface PulseEstimate {
  /** In beats/min. */
  readonly strict?: Strict;
  readonly withheld?: Withheld;
  /** In beats/min. */
  readonly rate: readonly RateSample[];
  /** Blood volume pulse in arbitrary units; only samples newer than the last estimate. */
  readonly trace: readonly Sample[];
  /** Beats that became certain since the last estimate, about a second after their time. */
  readonly beats?: readonly PulseBeat[];
  readonly hrv?: Hrv;
  /** Heart beats per breath. */
  readonly respirationQuotient: readonly Sample[];
}

/** Breathing; exactly one of `strict` and `withheld` is present. */
export interface BreathingEstimate {
  /** In breaths/min. */
  readonly strict?: Strict;
  readonly withheld?: Withheld;
  /** In breaths/min. */
  readonly rate: readonly RateSample[];
  /**
   * Chest position in frame heights without its slow drift, inhaling is up; only samples newer
   * than the last estimate.
   */
  readonly upperTrace: readonly Sample[];
  /** Depth of each breath, in frame heights. */
  readonly amplitude: readonly Sample[];
  readonly apnea: readonly DetectionSample[];
  /** In frame heights per second. */
  readonly respiratoryLineLength: readonly Sample[];
  /** Chest level at the end of each exhalation relative to its linear trend, in frame heights. */
  readonly baseline: readonly Sample[];
  /** Inhalation time divided by exhalation time of each breath. */
  readonly inhaleExhaleRatio: readonly Sample[];
}

/** Signal quality, for setting up a camera. */
export interface SignalQuality {
  /** Harmonic signal-to-noise ratio of the pulse in dB; absent until it has been computed. */
  readonly snrDb?: number;
  /** Mean luma of the frame, 0..255. */
  readonly brightness: number;
  /** Fraction of clipped pixels, 0..1. */
  readonly saturatedFraction: number;
  /** Received frames per second over the last seconds. */
  readonly fps: number;
}

/** All vitals at one point in time, from which the envelopes are built. */
export interface VitalsEstimate {
  /** Capture time of the newest sample used, in monotonic microseconds. */
  readonly timeUs: MonotonicUs;
  /** Number of samples since the start. */
  readonly frameCount: number;
  /** Number of the measured person since the start, from 1; absent before the first one. */
  readonly subject?: number;
  /** The face has shown no pulse for 15 s although nothing in the image prevents it. */
  readonly isFaceWithoutPulse?: true;
  /** The camera delivers grayscale images, from which no pulse is published. */
  readonly isGrayscale?: boolean;
  readonly pulse: PulseEstimate;
  readonly breathing: BreathingEstimate;
  /** Relative and unitless; present only if enabled in the options. */
  readonly phasicPressure?: readonly Sample[];
  /** Relative and experimental; present only if enabled in the options. */
  readonly eda?: readonly Sample[];
  /** Condition of the image at this time, before debouncing. */
  readonly condition: StatusName;
  readonly signal: SignalQuality;
}

/**
 * Computes vitals from region samples.
 *
 * It uses no clock and no timers: time is that of the samples, so a recording gives the same
 * result at any playback speed.
 */
export interface VitalsEngine {
  /**
   * Adds the next sample. It is cheap enough to be called for every frame.
   *
   * @param sample is ignored if its `timeUs` is not greater than that of the sample before.
   */
  push(sample: RegionSample): void;
  /**
   * Returns the current estimate.
   *
   * @param nowUs the current time, if the camera delivers no frames. @default the newest sample's
   */
  estimate(nowUs?: MonotonicUs): VitalsEstimate;
  /** Sets whether the camera is disconnected. */
  setDisconnected(disconnected: boolean): void;
  /** Discards the state of the measured person. */
  reset(): void;
}

/** Options for a vitals engine. */
export interface VitalsOptions {
  /** Computes the phasic trace. @default false */
  readonly phasicPressure?: boolean;
  /** Computes the EDA proxy. @default false */
  readonly eda?: boolean;
}
