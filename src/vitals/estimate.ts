import type { StatusName } from "./condition/status_table.ts";
import type { Withheld } from "./withheld.ts";

/** A value at a moment, in microseconds of the monotonic clock. */
export interface Sample {
  readonly timeUs: number;
  readonly value: number;
}

/** A rate with the probability that it is right (within 3 beats/min or 2 breaths/min). */
export interface RateSample extends Sample {
  readonly confidence: number;
  /** True while the probability is over the gate under which `strict` is withheld. */
  readonly stable: boolean;
}

export interface DetectionSample {
  readonly timeUs: number;
  readonly detected: boolean;
  readonly stable: boolean;
}

/** The one number to show a person. */
export interface Strict {
  readonly value: number;
  readonly confidence: number;
}

/** Heart rate variability in milliseconds. */
export interface Hrv {
  readonly rmssd: number;
  readonly sdnn: number;
  readonly meanNn: number;
  readonly confidence: number;
}

export interface PulseEstimate {
  /** In beats/min; exactly one of `strict` and `withheld` is present. */
  readonly strict?: Strict;
  readonly withheld?: Withheld;
  readonly rate: readonly RateSample[];
  /** Blood volume pulse, arbitrary units, only samples newer than the last estimate. */
  readonly trace: readonly Sample[];
  readonly hrv?: Hrv;
  /** Beats per breath. */
  readonly respirationQuotient: readonly Sample[];
}

export interface BreathingEstimate {
  /** In breaths/min; exactly one of `strict` and `withheld` is present. */
  readonly strict?: Strict;
  readonly withheld?: Withheld;
  readonly rate: readonly RateSample[];
  /** Chest position, arbitrary units, inhaling is up; only samples newer than the last estimate. */
  readonly upperTrace: readonly Sample[];
  readonly amplitude: readonly Sample[];
  readonly apnea: readonly DetectionSample[];
  readonly respiratoryLineLength: readonly Sample[];
  readonly baseline: readonly Sample[];
  readonly inhaleExhaleRatio: readonly Sample[];
}

/** How good the picture is, for a person who sets up a camera. */
export interface SignalQuality {
  /** Harmonic signal to noise ratio of the pulse; absent until one was computed. */
  readonly snrDb?: number;
  /** Mean luma, 0..255. */
  readonly brightness: number;
  /** Share of clipped pixels, 0..1. */
  readonly saturatedFraction: number;
  /** Frames per second that arrived over the last seconds. */
  readonly fps: number;
}

/** What the vitals can say about one moment: everything the envelopes are made of. */
export interface VitalsEstimate {
  /** Capture time of the newest sample used. */
  readonly timeUs: number;
  /** Samples seen since the start. */
  readonly frameCount: number;
  readonly pulse: PulseEstimate;
  readonly breathing: BreathingEstimate;
  /** Relative, unitless; only where it was asked for. */
  readonly phasicPressure?: readonly Sample[];
  /** Relative, experimental; only where it was asked for. */
  readonly eda?: readonly Sample[];
  /** The condition of the picture at this moment, before it has held for 0.5 s. */
  readonly condition: StatusName;
  readonly signal: SignalQuality;
}

/**
 * The vitals room's door: samples in, estimates out. Pure of clocks and timers: time is that of
 * the samples, so a recorded hour gives the same answer at any speed.
 */
export interface VitalsEngine {
  /** Takes the next sample; `timeUs` must grow. Cheap: called for every frame. */
  push(sample: import("../vision/region_sample.ts").RegionSample): void;
  /** The estimate at the newest sample, or at `nowUs` while the camera is silent. */
  estimate(nowUs?: number): VitalsEstimate;
  /** Says that frames stopped (`true`) or came back (`false`). */
  setDisconnected(disconnected: boolean): void;
  /** Forgets all samples, as for a new person. */
  reset(): void;
}

/** What a user may choose about the vitals. */
export interface VitalsOptions {
  /** @default false */
  readonly phasicPressure?: boolean;
  /** @default false */
  readonly eda?: boolean;
}
