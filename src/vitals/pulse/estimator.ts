import { monotonicUs } from "../../base/time.ts";
import type { RegionSample } from "../../vision/region_sample.ts";
import type { PulseEstimate, RateSample } from "../estimate.ts";
import type { Withheld } from "../withheld.ts";
import type { BvpWindow } from "../estimate_context.ts";
import { CandidateJudge } from "./candidates.ts";
import {
  type ConfidenceFeatures,
  type ConfidenceModel,
  type ConfidenceModelName,
  loadConfidenceModel,
} from "./confidence.ts";
import { DisplayTrace } from "./display_trace.ts";
import { newestPart } from "./newest_part.ts";
import { PresentRate } from "./present.ts";
import { NETWORK_WINDOW_S } from "./rate_network/input.ts";
import type { RateNetwork } from "./rate_network/rate_network.ts";
import { networkRegularityOf } from "./rate_network/regularity.ts";
import { rhythmOf } from "./rhythm.ts";
import { PULSE_SAMPLE_RATE_HZ, PulseWindowBuffer } from "./window_buffer.ts";

/** Shortest and longest window in seconds; the window grows while samples arrive. Chosen. */
const MIN_WINDOW_S = 5;
const MAX_WINDOW_S = 10;
/** The rate network is asked from this length on: before, it is less certain than the spectra. */
export const MIN_NETWORK_WINDOW_S = MAX_WINDOW_S - 0.1;
/** Tolerance of the shortest window, in seconds: frames are not exactly periodic. */
const WINDOW_TOLERANCE_S = 0.05;
/** Period of assessments in microseconds, doubled while nothing is expected to change. Chosen. */
const PERIOD_US = 500_000;
/**
 * After this time without a published rate the period is doubled, in microseconds. Chosen: the search
 * then costs 7 instead of 12 ms of CPU a second on one x86 core (`tests/bench/vitals.ts`).
 */
const MAX_SEARCH_US = 20_000_000;
/**
 * What calls for an assessment: a factor between the two newest intervals and those before, or a
 * slope of the rate in beats/min per second, with its significance. Chosen.
 */
const CHANGE = { factor: 1.1, slope: 0.8, significance: 3 } as const;
/** Tolerance of the period in microseconds: timestamps are rounded. */
const PERIOD_TOLERANCE_US = 1_000;
/** After a longer gap, the window starts again. In microseconds. Chosen. */
const MAX_GAP_US = 2_000_000;
/** Maximum age of the newest input of the pulse in a window, in microseconds. Chosen. */
const MAX_INPUT_AGE_US = 1_000_000;
/** Time constant of the face's mean speed, in seconds. Chosen. */
const SPEED_TIME_CONSTANT_S = 2;

export interface PulseEstimatorOptions {
  /** Judges all windows. @default the shipped models */
  readonly model?: ConfidenceModel;
  /** Judges rates by a longer window; the caller owns it. @default none */
  readonly rateNetwork?: RateNetwork | undefined;
  /** Longest window in seconds. @default 10 */
  readonly windowSeconds?: number;
  /** Period of assessments in seconds, doubled while nothing is expected to change. @default 0.5 */
  readonly periodSeconds?: number;
}

/** The assessment of one window: its rate, how certain it is, and why it is withheld. */
export interface PulseAssessment {
  /** Time of the newest sample in the window. */
  readonly timeUs: number;
  /** Beats/min; absent if the window has no candidate. */
  readonly rate?: number;
  /** Probability that the rate is right, 0 to 1. */
  readonly confidence: number;
  /** Length of the window in seconds. */
  readonly windowS: number;
  readonly features?: ConfidenceFeatures;
  readonly withheld?: Withheld;
}

/** Estimates the pulse rate from region means or ready signals. */
export class PulseEstimator {
  readonly #judge: CandidateJudge;
  readonly #hasNetwork: boolean;
  readonly #maxWindowS: number;
  readonly #periodUs: number;
  readonly #buffer: PulseWindowBuffer;
  readonly #trace = new DisplayTrace();
  readonly #present = new PresentRate();
  #track: number | undefined;
  #newestInputUs = -Infinity;
  #startUs = Infinity;
  #faceSpeed = 0;
  #assessment: PulseAssessment | undefined;
  #wave: BvpWindow | undefined;
  #newestRateUs = -Infinity;
  /** Time of the newest assessment whose rate was published. */
  #publishedUs = -Infinity;
  /** The newest period in which only the rhythm was checked. */
  #checkedPeriod = NaN;

  constructor(options: PulseEstimatorOptions = {}) {
    const model = (name: ConfidenceModelName) => options.model ?? loadConfidenceModel(name);
    const alone = model("confidence");
    const withNetwork = options.rateNetwork ? model("confidence_with_network") : alone;
    this.#judge = new CandidateJudge({ alone, withNetwork }, options.rateNetwork);
    this.#hasNetwork = options.rateNetwork !== undefined;
    this.#maxWindowS = options.windowSeconds ?? MAX_WINDOW_S;
    this.#periodUs = (options.periodSeconds ?? PERIOD_US / 1e6) * 1e6;
    const longest = Math.max(this.#maxWindowS, this.#hasNetwork ? NETWORK_WINDOW_S : 0);
    this.#buffer = new PulseWindowBuffer({ seconds: longest + 1 });
  }

  /** The newest assessment, with the features of its candidate. */
  get assessment(): PulseAssessment | undefined {
    return this.#assessment;
  }

  /** The fused BVP of the newest window; undefined if that window has no candidate. */
  get wave(): BvpWindow | undefined {
    return this.#wave;
  }

  /** Adds a sample; its time must be after that of the sample before. */
  push(sample: RegionSample): void {
    if (sample.face && sample.face.track !== this.#track) {
      if (this.#track !== undefined) this.reset();
      this.#track = sample.face.track;
    }
    if (hasPulseInput(sample)) {
      if (sample.timeUs - this.#newestInputUs > MAX_GAP_US) {
        this.#buffer.reset();
        this.#judge.reset();
        this.#present.reset();
        this.#startUs = sample.timeUs;
      }
      this.#newestInputUs = sample.timeUs;
    }
    const speed = sample.face?.speed ?? 0;
    const seconds = Math.min(1, Math.max(0, (sample.timeUs - this.#buffer.newestUs) / 1e6));
    this.#faceSpeed += (speed - this.#faceSpeed) *
      (1 - Math.exp(-seconds / SPEED_TIME_CONSTANT_S));
    this.#buffer.push(sample);
    this.#trace.push(sample);
  }

  /**
   * Returns the estimate at the newest sample.
   *
   * @param options `obstacle`: why no rate can be published now, whatever the window contains;
   *   `explanation`: the known problem of the image, published instead of `low_quality`;
   *   `breathsPerMinute`: the published breathing rate.
   */
  estimate(
    { obstacle, explanation, breathsPerMinute }: {
      obstacle?: Withheld;
      explanation?: Withheld;
      breathsPerMinute?: number;
    } = {},
  ): PulseEstimate {
    if (this.#isDue(this.#buffer.newestUs)) this.#assessment = this.#assess(breathsPerMinute);
    const assessment = this.#assessment;
    const own = assessment?.withheld ??
      (assessment?.rate === undefined ? "warming_up" : undefined);
    const withheld = obstacle ?? (own === "low_quality" ? explanation ?? own : own);
    return {
      ...(withheld ? { withheld } : {
        strict: {
          value: assessment!.rate!,
          confidence: assessment!.confidence,
          windowS: assessment!.windowS,
        },
      }),
      rate: obstacle ? [] : this.#newRate(),
      trace: this.#trace.drain(),
      respirationQuotient: [],
    };
  }

  /**
   * True once per period, and once in two periods while the published rate is steady or none was
   * published for long. Periods are counted from the first sample: counted from the assessment before,
   * they would drift against a caller that estimates once per second.
   */
  #isDue(newestUs: number): boolean {
    const before = this.#assessment;
    if (!before) return Number.isFinite(newestUs);
    const period = (timeUs: number) =>
      Math.floor((timeUs - this.#buffer.startUs + PERIOD_TOLERANCE_US) / this.#periodUs);
    const [now, then] = [period(newestUs), period(before.timeUs)];
    if (now === then || now === this.#checkedPeriod) return false;
    if (now - then > 1) return true;
    if (before.withheld) {
      return before.timeUs - Math.max(this.#startUs, this.#publishedUs) <= MAX_SEARCH_US;
    }
    if (before.windowS < this.#maxWindowS) return true;
    this.#checkedPeriod = now;
    return this.#seemsChanged();
  }

  /** Whether the newest beats, in the best signal alone, have another rhythm than those before. */
  #seemsChanged(): boolean {
    const bvp = this.#judge.strongestSignal(this.#buffer.window(this.#maxWindowS));
    if (!bvp || bvp.some(Number.isNaN)) return true;
    const rate = this.#assessment?.rate ?? NaN;
    const rhythm = rhythmOf(bvp, { sampleRateHz: PULSE_SAMPLE_RATE_HZ, rate });
    if (!rhythm) return false;
    const { newestRatio, trends: { ofIntervals: trend } } = rhythm;
    return Math.abs(Math.log(newestRatio)) > Math.log(CHANGE.factor) ||
      (Math.abs(trend.slope) > CHANGE.slope && trend.significance > CHANGE.significance);
  }

  /** Removes all samples, as for a new person. */
  reset(): void {
    this.#buffer.reset();
    this.#trace.reset();
    this.#track = undefined;
    this.#newestInputUs = this.#publishedUs = -Infinity;
    this.#startUs = Infinity;
    this.#faceSpeed = 0;
    this.#judge.reset();
    this.#present.reset();
    this.#assessment = undefined;
    this.#wave = undefined;
  }

  /** The rate of the newest assessment, the first time that it is read. */
  #newRate(): readonly RateSample[] {
    const assessment = this.#assessment;
    if (assessment?.rate === undefined || assessment.timeUs <= this.#newestRateUs) return [];
    this.#newestRateUs = assessment.timeUs;
    const { timeUs, rate, confidence, withheld } = assessment;
    return [{
      timeUs: monotonicUs(timeUs),
      value: rate,
      confidence,
      stable: withheld === undefined,
    }];
  }

  #assess(breathsPerMinute: number | undefined): PulseAssessment {
    const timeUs = this.#buffer.newestUs;
    this.#wave = undefined;
    const windowS = Math.max(0, Math.min(this.#maxWindowS, (timeUs - this.#startUs) / 1e6));
    const none = { timeUs, windowS, confidence: 0 };
    if (timeUs - this.#newestInputUs > MAX_INPUT_AGE_US) return { ...none, withheld: "no_face" };
    if (windowS < MIN_WINDOW_S - WINDOW_TOLERANCE_S) return { ...none, withheld: "warming_up" };
    const longWindow = this.#hasNetwork && windowS >= MIN_NETWORK_WINDOW_S
      ? this.#buffer.window(NETWORK_WINDOW_S)
      : undefined;
    const window = longWindow
      ? newestPart(longWindow, Math.round(windowS * PULSE_SAMPLE_RATE_HZ))
      : this.#buffer.window(windowS);
    const judged = this.#judge.judge(window, {
      timeUs,
      faceSpeed: this.#faceSpeed,
      breathsPerMinute,
      longWindow,
    });
    if (!judged) return { ...none, withheld: "low_quality" };
    const { candidate, features, rate, decision } = judged;
    this.#wave = {
      bvp: candidate.bvp,
      startUs: timeUs - ((window.length - 1) * 1e6) / PULSE_SAMPLE_RATE_HZ,
      sampleRateHz: PULSE_SAMPLE_RATE_HZ,
      rate,
      confidence: decision.confidence,
      snrDb: features.snrDb,
    };
    const { confidence, withheld } = decision;
    const assessment = { timeUs, windowS, rate, features, confidence };
    if (withheld && !decision.isImprobable) return { ...assessment, withheld };
    const rhythm = rhythmOf(candidate.bvp, { sampleRateHz: PULSE_SAMPLE_RATE_HZ, rate });
    const seconds = (timeUs - this.#startUs) / 1e6;
    const networkRegularity = judged.posteriors &&
      networkRegularityOf(judged.posteriors, { rate, seconds });
    const correction = this.#present.correct({ ...assessment, networkRegularity }, rhythm);
    if (withheld) return { ...assessment, withheld };
    if (!correction.withheld) this.#publishedUs = timeUs;
    return { ...assessment, ...correction };
  }
}

/** True if a sample contains input from which a pulse can be extracted. */
function hasPulseInput({ regions, networkPulse, readySignals }: RegionSample): boolean {
  return networkPulse !== undefined || (readySignals?.some(Number.isFinite) ?? false) ||
    Boolean(
      regions.glabella ?? regions.forehead ?? regions.left_cheek ?? regions.right_cheek ??
        regions.skin,
    );
}
