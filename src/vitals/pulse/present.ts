import type { Withheld } from "../withheld.ts";
import { SAME_RATE } from "./features.ts";
import type { NetworkRegularity } from "./rate_network/regularity.ts";
import type { Rhythm } from "./rhythm.ts";
import { TREND_END_S } from "./trend.ts";

/** Beats of less similar shape show neither an irregular rhythm nor a change. Chosen. */
const MIN_SIMILARITY = 0.85;
/** Beats of less similar shape are not reliable enough to replace a rate. Chosen. */
const MIN_SIMILARITY_OF_CHANGE = 0.93;
/** The same for a trend, to which all beats of the window contribute. Chosen. */
const MIN_SIMILARITY_OF_TREND = 0.9;
/**
 * In a less regular window the heart is irregular. Over 10 s, the regularity is over 0.57 in 90 % of
 * the windows of resting adults (UBFC-rPPG, measured without contact), and under 0.5 in half of the
 * windows in atrial fibrillation (synthetic). Few intervals are alike by chance more often.
 */
const MIN_REGULARITY = { long: 0.55, short: 0.7 } as const;
/** Windows with fewer intervals are short. Chosen. */
const LONG_INTERVALS = 8;
/**
 * The heart is irregular if this share of the windows of this time is. Measured: 0.35 or more in
 * nearly all windows in atrial fibrillation (synthetic), in 5 % of those of resting adults.
 */
const IRREGULAR_HEART = { share: 0.35, withinUs: 15_000_000, minWindows: 3 } as const;
/**
 * Noise does not move beats so alike in shape: if fewer of their intervals are alike, the rhythm is
 * uneven, even if the rate network is certain. Chosen. Of 5,328 windows of 144 other synthetic hearts in
 * atrial fibrillation, 315 instead of 509 have a confidence of 0.9 and more, and 8 instead of 20 of
 * those are off by over 5; of 1,620 windows of people who talk and move, 467 instead of 542 (PURE).
 */
const CLEARLY_UNEVEN = { minSimilarity: 0.95, maxRegularity: 0.8 } as const;
/** An irregular window counts for this time: chance makes the next ones regular. Chosen. */
const DOUBT_US = 10_000_000;
/** Upper limit of the confidence in an irregular rhythm, for which no data was fitted. Chosen. */
const MAX_IRREGULAR_CONFIDENCE = 0.89;
/** The rate of an irregular heart is published if its beats agree this well, beats/min. Chosen. */
const SAME_RATE_OF_IRREGULAR_HEART = 1.5;
/**
 * Two newest intervals that differ by this factor from those before, or from the rate of the window,
 * may be a change. Chosen.
 */
const MIN_NEWEST_FACTOR = 1.22;
/**
 * They are one if they differ by this factor, and by this many times (in logarithms) the spread of
 * those before. Measured: an old rate stands for 2.1 instead of 2.7 s after a step (synthetic), and
 * 0.7 % fewer windows of people who talk and move are published (PURE).
 */
const CLEAR_CHANGE = { factor: 1.1, spreads: 2 } as const;
/**
 * After a change, the rate of the window is that of before until both newest intervals agree with it
 * by this factor, but for this time at most, as long as a window. Chosen.
 */
const AGREEMENT = { factor: 1.1, withinUs: 10_000_000 } as const;
/**
 * Upper limit of the confidence of a rate that is withheld: below that of published ones. Measured:
 * 91 % of these rates are right while the heart is steady (PURE), which a lower limit would deny.
 */
const MAX_WITHHELD_CONFIDENCE = 0.69;
/** From these differences on, alike newest intervals replace the rate of the window. Chosen. */
const MIN_CHANGE = { share: 0.1, rate: 6 } as const;
/**
 * A rate that falls by more than this factor was more likely measured by every second beat: all ten
 * replacements of a rate by half of it on PURE's green signals were. Chosen.
 */
const MAX_FALL = 1.7;
/** From these values on, the end of a trend replaces the rate. Chosen. */
const MIN_TREND = { slope: 1, rate: 4 } as const;
/**
 * The significance that a trend needs, by the intervals or by the times of the beats. Chosen: with the
 * second, 64 synthetic ramps of 2 beats/min per second are off by over 5 for 4.5 instead of 6.4 s each;
 * from 12 on, 1.0 instead of 0.2 % of the values of UBFC-rPPG would be off by over 3.
 */
const MIN_SIGNIFICANCE = { ofIntervals: 6, ofTimes: 15 } as const;

/** The rate of a window by its spectrum, with its confidence. */
export interface SpectralRate {
  /** Time of the newest sample, in microseconds. */
  readonly timeUs: number;
  /** In beats/min. */
  readonly rate: number;
  readonly confidence: number;
  /** How sure the rate network is that the rhythm is regular; undefined without it. */
  readonly networkRegularity?: NetworkRegularity | undefined;
}

/** What the beats change about a window. */
export interface Correction {
  /** In beats/min. */
  readonly rate?: number;
  readonly confidence?: number;
  /** Time that the rate describes, in seconds. */
  readonly windowS?: number;
  readonly withheld?: Withheld;
}

/**
 * Corrects the rate of a window by its beats. A spectrum gives the strongest frequency of its window:
 * after a change of the rate that is the old one for seconds, and in an irregular rhythm it need not
 * be the number of beats at all. The present counts: the newest beats replace the rate, or withhold
 * it until they are steady.
 */
export class PresentRate {
  /** The windows of the last seconds, oldest first. */
  #windows: { readonly timeUs: number; readonly isIrregular: boolean }[] = [];
  /** Time of the newest window that showed a change with which its rate does not agree yet. */
  #changedUs = -Infinity;

  /** Adds the window that ends at `timeUs`; `rhythm` is undefined if it has too few beats. */
  correct(window: SpectralRate, rhythm: Rhythm | undefined): Correction {
    const correction = this.#correctionOf(window, rhythm);
    if (correction.withheld === undefined) return correction;
    const { confidence } = window;
    return { ...correction, confidence: Math.min(confidence, MAX_WITHHELD_CONFIDENCE) };
  }

  #correctionOf(
    { timeUs, rate, confidence, networkRegularity }: SpectralRate,
    rhythm: Rhythm | undefined,
  ): Correction {
    const oldestUs = timeUs - IRREGULAR_HEART.withinUs;
    this.#windows = this.#windows.filter((window) => window.timeUs > oldestUs);
    const irregular = rhythm && isIrregular(rhythm) ? rhythm : undefined;
    this.#windows.push({ timeUs, isIrregular: irregular !== undefined });
    const limited = { confidence: Math.min(confidence, MAX_IRREGULAR_CONFIDENCE) };
    const isIrregularHeart = this.#isIrregularHeart();
    const step = this.#followStep(timeUs, { rate, rhythm });
    const change = (rhythm && followTrend(rhythm, rate)) ?? step;
    const isRegular = !isIrregularHeart && !this.#isDoubtful(timeUs);
    if (isRegular || networkRegularity === "certain") {
      const isContradicted = isIrregularHeart || networkRegularity === "unknown";
      const isUneven = networkRegularity === undefined
        ? hasFewUnevenBeats(rhythm)
        : isContradicted && isClearlyUneven(rhythm);
      return isUneven ? { ...limited, ...change } : change;
    }
    if (networkRegularity === "likely") return { ...limited, ...change };
    if (isIrregularHeart) return { ...limited, ...rateOfBeats(rhythm, rate) };
    const differs = irregular && Math.abs(irregular.rate - rate) > SAME_RATE;
    if (differs) return { withheld: "irregular" };
    // Without a network, the strongest frequency is the old rate until the newest beats are most.
    return { ...limited, ...(networkRegularity === undefined ? {} : step) };
  }

  /** Forgets the rhythm, as for a new person. */
  reset(): void {
    this.#windows = [];
    this.#changedUs = -Infinity;
  }

  /** Follows a change of the rate from one beat to the next, or withholds what may be the old rate. */
  #followStep(
    timeUs: number,
    { rate, rhythm }: { readonly rate: number; readonly rhythm: Rhythm | undefined },
  ): Correction {
    const seen = rhythm && rhythm.shapeSimilarity >= MIN_SIMILARITY ? rhythm : undefined;
    if (seen && isClearChange(seen)) this.#changedUs = timeUs;
    else if (seen && seen.newestDeviation < AGREEMENT.factor) this.#changedUs = -Infinity;
    const newest = seen && rateOfNewest(seen, rate);
    if (newest) return newest;
    const isChanging = timeUs - this.#changedUs < AGREEMENT.withinUs ||
      (seen && [seen.newestRatio, seen.newestRatioToRate].some(mayBeChange));
    return isChanging ? { withheld: "low_quality" } : {};
  }

  #isDoubtful(timeUs: number): boolean {
    return this.#windows.some((window) => window.isIrregular && window.timeUs > timeUs - DOUBT_US);
  }

  #isIrregularHeart(): boolean {
    const count = this.#windows.filter((window) => window.isIrregular).length;
    return count >= IRREGULAR_HEART.minWindows &&
      count >= IRREGULAR_HEART.share * this.#windows.length;
  }
}

/** The number of beats of an irregular heart, if it deserves to be published. */
function rateOfBeats(rhythm: Rhythm | undefined, rate: number): Correction {
  const isCertain = rhythm !== undefined && rhythm.shapeSimilarity >= MIN_SIMILARITY_OF_CHANGE &&
    Math.abs(rhythm.rate - rate) <= SAME_RATE_OF_IRREGULAR_HEART;
  return isCertain ? { rate: rhythm.rate } : { withheld: "irregular" };
}

function isIrregular({ shapeSimilarity, count, regularity }: Rhythm): boolean {
  const { long, short } = MIN_REGULARITY;
  return shapeSimilarity >= MIN_SIMILARITY &&
    regularity < (count >= LONG_INTERVALS ? long : short);
}

function isClearlyUneven(rhythm: Rhythm | undefined): boolean {
  const { minSimilarity, maxRegularity } = CLEARLY_UNEVEN;
  return rhythm !== undefined && rhythm.shapeSimilarity >= minSimilarity &&
    rhythm.regularity < maxRegularity;
}

/** Whether a window has only a few intervals, not all alike: an irregular heart may look like that. */
function hasFewUnevenBeats(rhythm: Rhythm | undefined): boolean {
  return rhythm !== undefined && rhythm.count < LONG_INTERVALS && rhythm.regularity < 1;
}

/** Follows a rate that rises or falls steadily, behind which the mean of a window lags. */
function followTrend({ shapeSimilarity, trends }: Rhythm, rate: number): Correction | undefined {
  if (shapeSimilarity < MIN_SIMILARITY_OF_TREND) return undefined;
  const isCertain = (kind: keyof Rhythm["trends"]) =>
    Math.abs(trends[kind].slope) >= MIN_TREND.slope &&
    trends[kind].significance >= MIN_SIGNIFICANCE[kind] &&
    Math.abs(trends[kind].endRate - rate) > MIN_TREND.rate;
  const kind = (["ofIntervals", "ofTimes"] as const).find(isCertain);
  return kind && { rate: trends[kind].endRate, windowS: TREND_END_S };
}

/** The rate of the newest beats, if it is another one. */
function rateOfNewest({ shapeSimilarity, newest }: Rhythm, rate: number): Correction | undefined {
  const minChange = Math.max(MIN_CHANGE.rate, MIN_CHANGE.share * rate);
  if (!newest || Math.abs(newest.rate - rate) <= minChange) return undefined;
  return shapeSimilarity >= MIN_SIMILARITY_OF_CHANGE && newest.rate * MAX_FALL >= rate
    ? { rate: newest.rate, windowS: newest.seconds }
    : { withheld: "low_quality" };
}

function mayBeChange(ratio: number): boolean {
  return Math.abs(Math.log(ratio)) > Math.log(MIN_NEWEST_FACTOR);
}

function isClearChange({ shapeSimilarity, newestRatio, spreadBefore }: Rhythm): boolean {
  const change = Math.abs(Math.log(newestRatio));
  return shapeSimilarity >= MIN_SIMILARITY_OF_CHANGE && change > Math.log(CLEAR_CHANGE.factor) &&
    change > CLEAR_CHANGE.spreads * Math.log(spreadBefore);
}
