import type { RegionSample } from "../../vision/region_sample.ts";
import type { PulseEstimate, RateSample } from "../estimate.ts";
import type { Withheld } from "../withheld.ts";
import type { BvpWindow } from "../estimate_context.ts";
import { PULSE_METHODS } from "./methods/list.ts";
import {
  type ConfidenceModel,
  type JudgementFeatures,
  loadConfidenceModel,
  pulseConfidence,
} from "./confidence.ts";
import { DisplayTrace } from "./display_trace.ts";
import { fuse, PULSE_BAND, type PulseCandidate, SEARCH_BAND } from "./fusion.ts";
import { PastSpectra } from "./stability.ts";
import { PULSE_RATE_HZ, PulseWindowBuffer } from "./window_buffer.ts";
import type { PulseWindow } from "./methods/method.ts";
import { rejectionReason } from "./rejection.ts";

/** Under this probability no number is shown to a person. */
export const STRICT_GATE = 0.7;
/** Windows grow from the first to the last of these, in seconds. */
const SHORTEST_S = 5;
const LONGEST_S = 10;
/** A window is judged this often, half as often while a value stands. */
const PERIOD_US = 500_000;
/** After a hole this long, the window starts anew. */
const FORGET_US = 2_000_000;
/** A window whose evidence ended this long ago says nothing of now. */
const STALE_US = 1_000_000;
/** The probability left to a candidate that has another cause than a heart. */
const VETOED = 0.1;
/** Places that beat less together than this, now or just before, see noise, each its own. */
const LEAST_COHERENCE = 0.4;
/** Rates that are reported, in beats/min, and those beyond that are rounded to them. */
const LOWEST = 60 * PULSE_BAND.lowHz;
const HIGHEST = 60 * PULSE_BAND.highHz;
const ROUNDED = 0.5;
/** The probability left to a candidate beyond the rates that are reported. */
const OUT_OF_RANGE = 0.5;
/** The probability left to a candidate that no two places agree on. */
const INCOHERENT = 0.5;
/** Face speed, in widths of the face per second, over which skin is not skin any more. */
const MAX_SPEED = 0.5;
/** A candidate whose half or third is stronger than itself is an overtone, dB. */
const OVERTONE_DB = 0;
/** A candidate at twice or three times the rate of breathing is told only from this probability on. */
const SURE_BESIDE_BREATH = 0.9;
/** Half the width of what counts as twice or three times, in beats/min. */
const SAME_RATE = 3;

export interface PulseEstimatorOptions {
  readonly model?: ConfidenceModel;
  /** Longest window in seconds. @default 10 */
  readonly windowSeconds?: number;
  /** Seconds between two judgements, twice that while a value stands. @default 0.5 */
  readonly periodSeconds?: number;
}

/** What was said about the newest window, and why. */
export interface Judgement {
  readonly timeUs: number;
  readonly rate?: number;
  readonly confidence: number;
  readonly features?: JudgementFeatures;
  readonly withheld?: Withheld;
}

/** Pulse from region means, or from ready waves: samples in, judgements out. */
export class PulseEstimator {
  readonly #model: ConfidenceModel;
  readonly #longest: number;
  readonly #periodUs: number;
  readonly #recorder: PulseWindowBuffer;
  readonly #trace = new DisplayTrace();
  #track: number | undefined;
  #evidenceUs = -Infinity;
  #startUs = Infinity;
  #speed = 0;
  readonly #past = new PastSpectra();
  #judgement: Judgement | undefined;
  #wave: BvpWindow | undefined;
  #told = -Infinity;

  constructor(options: PulseEstimatorOptions = {}) {
    this.#model = options.model ?? loadConfidenceModel();
    this.#longest = options.windowSeconds ?? LONGEST_S;
    this.#periodUs = (options.periodSeconds ?? PERIOD_US / 1e6) * 1e6;
    this.#recorder = new PulseWindowBuffer({ seconds: this.#longest + 1 });
  }

  /** The newest judgement with what it rests on. */
  get judgement(): Judgement | undefined {
    return this.#judgement;
  }

  /** The fused wave of the newest window that has a candidate. */
  get wave(): BvpWindow | undefined {
    return this.#wave;
  }

  push(sample: RegionSample): void {
    if (sample.face && sample.face.track !== this.#track) {
      if (this.#track !== undefined) this.reset();
      this.#track = sample.face.track;
    }
    if (hasEvidence(sample)) {
      if (sample.timeUs - this.#evidenceUs > FORGET_US) {
        this.#recorder.reset();
        this.#past.reset();
        this.#startUs = sample.timeUs;
      }
      this.#evidenceUs = sample.timeUs;
    }
    // Speed with a memory of two seconds, in which a movement has left the newest window's end.
    const speed = sample.face?.speed ?? 0;
    const seconds = Math.min(1, Math.max(0, (sample.timeUs - this.#recorder.newestUs) / 1e6));
    this.#speed += (speed - this.#speed) * (1 - Math.exp(-seconds / 2));
    this.#recorder.push(sample);
    this.#trace.push(sample);
  }

  /**
   * @param obstacle why nothing can be said now, whatever the window holds.
   * @param explanation what is known to be wrong with the picture, for a window of low quality.
   * @param breathsPerMinute how the person breathes, where the chest is sure of that.
   */
  estimate(
    { obstacle, explanation, breathsPerMinute }: {
      obstacle?: Withheld;
      explanation?: Withheld;
      breathsPerMinute?: number;
    } = {},
  ): PulseEstimate {
    const newestUs = this.#recorder.newestUs;
    if (this.#due(newestUs)) this.#judgement = this.#judge(breathsPerMinute);
    const judgement = this.#judgement;
    const own = judgement?.withheld ?? (judgement?.rate === undefined ? "warming_up" : undefined);
    const withheld = obstacle ?? (own === "low_quality" ? explanation ?? own : own);
    return {
      ...(withheld
        ? { withheld }
        : { strict: { value: judgement!.rate!, confidence: judgement!.confidence } }),
      rate: obstacle ? [] : this.#newRate(),
      trace: this.#trace.take(),
      respirationQuotient: [],
    };
  }

  /**
   * True once in a period, on a fixed raster from the first sample: one from the last judgement
   * would drift away from whoever asks once a second.
   */
  #due(newestUs: number): boolean {
    if (!this.#judgement) return Number.isFinite(newestUs);
    const periodUs = this.#judgement.withheld ? this.#periodUs : 2 * this.#periodUs;
    const period = (timeUs: number) =>
      Math.floor((timeUs - this.#recorder.startUs + 1_000) / periodUs);
    return period(newestUs) !== period(this.#judgement.timeUs);
  }

  reset(): void {
    this.#recorder.reset();
    this.#trace.reset();
    this.#track = undefined;
    this.#evidenceUs = -Infinity;
    this.#startUs = Infinity;
    this.#speed = 0;
    this.#past.reset();
    this.#judgement = undefined;
    this.#wave = undefined;
  }

  #newRate(): readonly RateSample[] {
    const judgement = this.#judgement;
    if (judgement?.rate === undefined || judgement.timeUs <= this.#told) return [];
    this.#told = judgement.timeUs;
    const { timeUs, rate, confidence } = judgement;
    return [{ timeUs, value: rate, confidence, stable: judgement.withheld === undefined }];
  }

  #judge(breathsPerMinute?: number): Judgement {
    const timeUs = this.#recorder.newestUs;
    this.#wave = undefined;
    if (timeUs - this.#evidenceUs > STALE_US) return { timeUs, confidence: 0, withheld: "no_face" };
    const seconds = Math.min(this.#longest, (timeUs - this.#startUs) / 1e6);
    if (seconds < SHORTEST_S - 0.05) return { timeUs, confidence: 0, withheld: "warming_up" };
    const window = this.#recorder.window(seconds);
    const votes = PULSE_METHODS.flatMap((voter) => voter.vote(window));
    const candidate = fuse(votes, window);
    if (!candidate) return { timeUs, confidence: 0, withheld: "low_quality" };
    const rate = inRange(60 * candidate.frequencyHz);
    const pastDb = this.#past.supportDb(candidate.frequencyHz, { timeUs, ...SEARCH_BAND });
    this.#past.push(timeUs, candidate.spectrum);
    const hasPast = pastDb === undefined ? 0 : 1;
    const features = { ...candidate.features, pastDb: pastDb ?? 0, hasPast };
    const overtone = [2, 3].some((times) =>
      Math.abs(rate - times * (breathsPerMinute ?? NaN)) <= SAME_RATE
    );
    const verdict = this.#verdict(window, candidate, { rate, features, overtone });
    this.#wave = {
      bvp: candidate.bvp,
      startUs: timeUs - ((window.length - 1) * 1e6) / PULSE_RATE_HZ,
      sampleRateHz: PULSE_RATE_HZ,
      rate,
      confidence: verdict.confidence,
      snrDb: features.snrDb,
    };
    return { timeUs, rate, features, ...verdict };
  }

  /** The probability, and what speaks against a candidate that would be shown. */
  #verdict(
    window: PulseWindow,
    { frequencyHz, subharmonicDb }: PulseCandidate,
    { rate, features, overtone }: {
      rate: number;
      features: JudgementFeatures;
      /** It might be one of the chest's rate. */
      overtone: boolean;
    },
  ): { confidence: number; withheld?: Withheld } {
    const confidence = pulseConfidence(features, this.#model);
    if (rate < LOWEST || rate > HIGHEST) {
      return { confidence: Math.min(confidence, OUT_OF_RANGE), withheld: "low_quality" };
    }
    if (confidence < STRICT_GATE) return { confidence, withheld: "low_quality" };
    if (isIncoherent(features) || isIncoherent(this.#judgement?.features)) {
      return { confidence: INCOHERENT, withheld: "low_quality" };
    }
    const moves = this.#speed > MAX_SPEED || subharmonicDb > OVERTONE_DB ||
      (overtone && confidence < SURE_BESIDE_BREATH);
    const veto = moves ? "motion" : rejectionReason(window, frequencyHz);
    return veto ? { confidence: VETOED, withheld: veto } : { confidence };
  }
}

/** A rate that rounds to the end of the range is that end; any other is as it is. */
function inRange(rate: number): number {
  if (rate < LOWEST - ROUNDED || rate > HIGHEST + ROUNDED) return rate;
  return Math.min(HIGHEST, Math.max(LOWEST, rate));
}

/** True where separate places were compared and do not beat together. */
function isIncoherent(features?: JudgementFeatures): boolean {
  return features?.placed === 1 && features.coherence < LEAST_COHERENCE;
}

/** True where a sample carries anything that a pulse can be read from. */
function hasEvidence({ regions, networkPulse, readySignals }: RegionSample): boolean {
  return networkPulse !== undefined || (readySignals?.some(Number.isFinite) ?? false) ||
    Boolean(
      regions.glabella ?? regions.forehead ?? regions.left_cheek ?? regions.right_cheek ??
        regions.skin,
    );
}
