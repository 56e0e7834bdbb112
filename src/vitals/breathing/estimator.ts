import { monotonicUs } from "../../base/time.ts";
import type { RegionSample } from "../../vision/region_sample.ts";
import type { BreathingEstimate, DetectionSample, RateSample, Sample } from "../estimate.ts";
import type { Withheld } from "../withheld.ts";
import type { EstimateContext } from "../estimate_context.ts";
import { ApneaDetector } from "./apnea.ts";
import { auxiliaryRates, corroboratedConfidence } from "./auxiliary.ts";
import { measureBreaths } from "./breath_metrics.ts";
import { type ChestSegment, ChestTrack, TRACK_SECONDS } from "./chest_track.ts";
import { type BreathingModel, loadBreathingModel } from "./confidence.ts";
import { evaluateWindows, type WindowEvidence } from "./evidence.ts";
import { isHeadMotion } from "./head_motion.ts";
import { PulseModulations } from "./modulation.ts";
import { BreathingPause } from "./pause.ts";
import { selectWindow } from "./select_window.ts";

/** Minimum confidence of a `strict` value. */
const STRICT_GATE = 0.7;
/** Interval between two analyses of the trace; breathing does not change faster. Chosen. */
const REFRESH_US = 1_000_000;
/** A rate must be stable for this long: three readings at the usual interval. Chosen. */
const MIN_STABLE_US = 1_900_000;
/** Largest difference between two rates that agree, in breaths/min. */
const RATE_TOLERANCE = 2;
/** Length of the shortest analysis window. */
const MIN_WINDOW_S = 8;
/** Until here a low confidence is reported as warming up: few breaths have been seen. Chosen. */
const WARM_UP_S = 20;
/** Confidence range in which auxiliary signals are used: they cannot change others. Chosen. */
const AMBIGUOUS = { low: 0.3, high: 0.95 } as const;
/** The chest must be tracked in this fraction of the last two seconds. Chosen. */
const MIN_TRACKED_FRACTION = 0.5;
/** Rates are withheld if more than this fraction of samples was left out because of motion. */
const MAX_MOTION_FRACTION = 0.1;
const MIN_FPS = 5;
/**
 * Minimum height of a breath in frame heights. Even a distant chest rises by more, whereas noise
 * and video compression cause less.
 */
const MIN_AMPLITUDE = 1e-4;

/** Options of a `BreathingEstimator`. */
export interface BreathingEstimatorOptions {
  /** @default the included model */
  readonly model?: BreathingModel;
}

/** The rate of one analysis; a confidence of 0 if it was withheld. */
interface RateReading {
  readonly timeUs: number;
  readonly rate: number;
  readonly confidence: number;
  /** Length of the analyzed window in seconds. */
  readonly windowS: number;
}

/**
 * Estimates breathing from the vertical motion of the chest.
 *
 * Each sample is integrated as it arrives. Once a second the newest 8 to 60 s are analyzed.
 */
export class BreathingEstimator {
  readonly #model: BreathingModel;
  readonly #track = new ChestTrack();
  readonly #modulations = new PulseModulations();
  readonly #apnea = new ApneaDetector();
  readonly #pause = new BreathingPause();
  #refreshedUs = -Infinity;
  /** Whether head motion explained a rate in the analysis before. */
  #headMoved = false;
  /** Track number of the measured face. */
  #person: number | undefined;
  /** Readings of the last `MIN_STABLE_US` and the one before, oldest first. */
  #readings: RateReading[] = [];
  #withheld: Withheld | undefined = "warming_up";
  /** Reason to report if the confidence is too low. */
  #lowConfidenceReason: Withheld = "warming_up";
  #upperTrace: Sample[] = [];
  #pending = emptyOutput();
  #lastBreathUs = -Infinity;

  constructor({ model = loadBreathingModel() }: BreathingEstimatorOptions = {}) {
    this.#model = model;
  }

  /** Adds the next sample; the face of another person resets the state. */
  push(sample: RegionSample): void {
    if (sample.face && sample.face.track !== this.#person) {
      if (this.#person !== undefined) this.reset();
      this.#person = sample.face.track;
    }
    this.#modulations.push(sample);
    const value = this.#track.push(sample);
    if (value !== undefined) this.#upperTrace.push({ timeUs: sample.timeUs, value });
    // Bounds the memory to ten seconds at 30 Hz if `estimate()` is not called.
    if (this.#upperTrace.length > 300) this.#upperTrace.splice(0, 150);
  }

  /** Returns the current estimate, with the samples that are newer than the last one. */
  estimate(context: EstimateContext): BreathingEstimate {
    if (context.bvpWindow) this.#modulations.pushBvpWindow(context.bvpWindow);
    if (context.obstacle === "camera_disconnected") this.#readings = [];
    else if (this.#track.newestUs - this.#refreshedUs >= REFRESH_US) this.#refresh(context);
    const reading = this.#stableReading();
    const withheld = context.obstacle ?? this.#withheld ??
      (reading.confidence < STRICT_GATE ? this.#lowConfidenceReason : undefined);
    const pending = this.#pending;
    const upperTrace = this.#upperTrace;
    this.#pending = emptyOutput();
    this.#upperTrace = [];
    return {
      ...(withheld ? { withheld } : {
        strict: {
          value: reading.rate,
          confidence: reading.confidence,
          windowS: reading.windowS,
        },
      }),
      upperTrace,
      ...pending,
    };
  }

  /** Discards all state, as for a new person. */
  reset(): void {
    this.#person = undefined;
    this.#track.clear();
    this.#modulations.reset();
    this.#apnea.reset();
    this.#pause.reset();
    this.#headMoved = false;
    this.#readings = [];
    this.#withheld = "warming_up";
    this.#refreshedUs = this.#lastBreathUs = -Infinity;
    this.#upperTrace = [];
    this.#pending = emptyOutput();
  }

  #refresh({ fps, obstacle }: EstimateContext): void {
    this.#refreshedUs = this.#track.newestUs;
    const segment = this.#track.segment(TRACK_SECONDS);
    const windows = evaluateWindows(segment);
    const breathing = this.#withoutHeadMotion(segment, windows);
    const { best, confidence: ownConfidence } = selectWindow(breathing, this.#model);
    const headMotion = breathing.length < windows.length;
    const confidence = best ? this.#corroborate(segment, best, ownConfidence) : 0;
    const apnea = this.#apnea.detect(segment, {
      tracked: !obstacle && this.#track.trackedFraction(10) > 0.9,
      ...(best && confidence >= STRICT_GATE ? { amplitude: best.amplitude } : {}),
    });
    if (apnea) this.#pending.apnea.push(apnea);
    const seconds = segment.chest.length / segment.sampleRateHz;
    this.#lowConfidenceReason = seconds < WARM_UP_S ? "warming_up" : "low_quality";
    const paused = this.#pause.detect(segment, best);
    this.#withheld = this.#withheldReason(segment, { fps, apnea, paused, best, headMotion });
    this.#addReading({
      timeUs: this.#refreshedUs,
      rate: best?.rate ?? 0,
      windowS: best?.seconds ?? 0,
      confidence: this.#withheld ? 0 : confidence,
    });
    const reading = this.#stableReading();
    const stable = reading.confidence >= STRICT_GATE;
    if (best && !this.#withheld) {
      this.#pending.rate.push({
        timeUs: monotonicUs(segment.endUs),
        value: stable ? reading.rate : best.rate,
        confidence: reading.confidence,
        stable,
      });
    }
    if (best && stable) this.#measureBreaths(segment, best);
  }

  /**
   * Leaves out windows whose rate is that of the head. One analysis alone proves nothing: a nose that
   * is hardly tracked seems to move.
   */
  #withoutHeadMotion(
    segment: ChestSegment,
    windows: readonly WindowEvidence[],
  ): readonly WindowEvidence[] {
    const still = windows.filter((window) => !isHeadMotion(segment, window));
    const moved = this.#headMoved;
    this.#headMoved = still.length < windows.length;
    return moved ? still : windows;
  }

  /** Returns the confidence with the auxiliary signals, which are used if it is ambiguous. */
  #corroborate(
    segment: ChestSegment,
    { rate, seconds }: WindowEvidence,
    confidence: number,
  ): number {
    if (confidence < AMBIGUOUS.low || confidence > AMBIGUOUS.high) return confidence;
    const { nose, sampleRateHz } = segment;
    const signals = [
      ...this.#modulations.read(seconds),
      ...(nose
        ? [{ name: "nose", signal: nose.subarray(-Math.round(seconds * sampleRateHz)) }]
        : []),
    ];
    const auxiliary = auxiliaryRates(signals, { sampleRateHz, model: this.#model });
    return corroboratedConfidence({ rate, confidence }, auxiliary);
  }

  /** Returns why the rate is withheld whatever its confidence, or undefined. */
  #withheldReason(
    segment: ChestSegment,
    { fps, apnea, paused, best, headMotion }: {
      fps: number;
      apnea: DetectionSample | undefined;
      paused: boolean;
      best: WindowEvidence | undefined;
      /** Whether head motion explains the rate of a window. */
      headMotion: boolean;
    },
  ): Withheld | undefined {
    if (this.#track.trackedFraction(2) < MIN_TRACKED_FRACTION) return "no_chest";
    if (fps < MIN_FPS) return "low_frame_rate";
    if (segment.motionFraction > MAX_MOTION_FRACTION) return "motion";
    const seconds = segment.chest.length / segment.sampleRateHz;
    if (seconds < MIN_WINDOW_S) return "warming_up";
    // While the breath is held, the rate of earlier breaths would be wrong.
    if (apnea?.detected || paused || segment.changingFraction === 0) return "low_quality";
    if (best && best.amplitude < MIN_AMPLITUDE) return "low_quality";
    return headMotion && !best ? "motion" : undefined;
  }

  /** Adds a reading and drops those that are not needed to cover `MIN_STABLE_US`. */
  #addReading(reading: RateReading): void {
    const limitUs = reading.timeUs - MIN_STABLE_US;
    const oldest = this.#readings.findLastIndex(({ timeUs }) => timeUs <= limitUs);
    this.#readings = [...this.#readings.slice(Math.max(0, oldest)), reading];
  }

  /** Returns the newest rate with the lowest confidence of all readings; 0 if they disagree. */
  #stableReading(): Omit<RateReading, "timeUs"> {
    const newest = this.#readings.at(-1), oldest = this.#readings[0];
    if (!newest || !oldest || newest.timeUs - oldest.timeUs < MIN_STABLE_US) {
      return { rate: 0, confidence: 0, windowS: 0 };
    }
    const agree = this.#readings.every(({ rate }) =>
      Math.abs(rate - newest.rate) <= RATE_TOLERANCE
    );
    const confidence = Math.min(...this.#readings.map((reading) => reading.confidence));
    return { ...newest, confidence: agree ? confidence : 0 };
  }

  #measureBreaths(segment: ChestSegment, evidence: WindowEvidence): void {
    const metrics = measureBreaths(segment, evidence, { afterUs: this.#lastBreathUs });
    this.#lastBreathUs = metrics.lastBreathUs;
    this.#pending.amplitude.push(...metrics.amplitude);
    this.#pending.baseline.push(...metrics.baseline);
    this.#pending.inhaleExhaleRatio.push(...metrics.inhaleExhaleRatio);
    this.#pending.respiratoryLineLength.push(metrics.lineLength);
  }
}

/** Samples that the next call of `estimate()` returns. */
interface PendingOutput {
  readonly rate: RateSample[];
  readonly amplitude: Sample[];
  readonly apnea: DetectionSample[];
  readonly respiratoryLineLength: Sample[];
  readonly baseline: Sample[];
  readonly inhaleExhaleRatio: Sample[];
}

function emptyOutput(): PendingOutput {
  return {
    rate: [],
    amplitude: [],
    apnea: [],
    respiratoryLineLength: [],
    baseline: [],
    inhaleExhaleRatio: [],
  };
}
