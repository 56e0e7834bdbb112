import { SAME_RATE } from "../features.ts";
import { RatePosterior, type RatePosteriors, RATES } from "./posterior.ts";

/**
 * Share of a window's evidence that is new after one second: windows overlap. This and the walk were
 * chosen among seven pairs, by the windows of UBFC-rPPG and PURE that could be published.
 */
const NEW_EVIDENCE_PER_S = 0.5;
/** How the rate changes: the deviation of its walk in one second, beats/min. */
const WALK = 2;
/** The same while it changes quickly, and how often it does so, per second. */
const CHANGE = { deviation: 6, share: 0.1 } as const;
/** How often any other rate follows, per second: a hidden rate appears. */
const JUMP_SHARE = 0.01;
/** How often a pulse disappears or appears, per second. */
const ONSET_SHARE = 0.02;
/** Share of the windows without a pulse in the network's training. */
const PRIOR_WITHOUT_PULSE = 0.32;
/** Added to probabilities, so that none is ever impossible. */
const MIN_PROBABILITY = 1e-6;
/**
 * A window contradicts the filter if it gives another rate at least the first probability, and the rate
 * of the filter less than the second. Two in succession, with one rate, end what was known: after a
 * change of the rate, the filter alone would hold the old one for three seconds more. Chosen.
 */
const CONTRADICTION = { minProbability: 0.5, maxProbability: 0.1 } as const;
/** Older knowledge is forgotten, in seconds. Chosen. */
const MAX_AGE_S = 5;
/** The walk is computed this far, in beats/min. */
const REACH = 24;

/**
 * A Bayesian filter of the rate (forward algorithm of a hidden Markov model; Rabiner, Proc. IEEE
 * 77(2), 1989): what the network says about a window counts more if windows before agree. The rate
 * walks, and now and then changes quickly or is another one.
 */
export class RateFilter {
  #timeUs = -Infinity;
  #probabilities: Float32Array | undefined;
  /** The rate by which the window before contradicted the filter. */
  #contradicting: number | undefined;

  /** Combines what the network says about the window that ends at `timeUs` with those before. */
  combine(newest: RatePosterior, timeUs: number): RatePosteriors {
    const seconds = (timeUs - this.#timeUs) / 1e6;
    const isNext = seconds > 0 && seconds <= MAX_AGE_S;
    if (!this.#probabilities || !isNext) return { newest, filtered: newest };
    const result = predicted(this.#probabilities, seconds);
    const share = Math.min(1, NEW_EVIDENCE_PER_S * seconds);
    let total = 0;
    for (let index = 0; index <= RATES; index++) {
      const likelihood = (newest.probabilities[index]! + MIN_PROBABILITY) / prior(index);
      result[index]! *= likelihood ** share;
      total += result[index]!;
    }
    for (let index = 0; index <= RATES; index++) result[index]! /= total;
    const filtered = new RatePosterior(result);
    const rate = contradictingRate({ newest, filtered });
    const isRepeated = rate !== undefined && this.#contradicting !== undefined &&
      Math.abs(rate - this.#contradicting) <= SAME_RATE;
    return { newest, filtered: isRepeated ? newest : filtered };
  }

  /** Remembers the result for the window that ends at `timeUs`. */
  push(posteriors: RatePosteriors, timeUs: number): void {
    this.#contradicting = contradictingRate(posteriors);
    this.#probabilities = posteriors.filtered.probabilities;
    this.#timeUs = timeUs;
  }

  /** Forgets all windows, as for a new person. */
  reset(): void {
    this.#probabilities = this.#contradicting = undefined;
  }
}

/** The rate of the newest window, if it contradicts that of the filter. */
function contradictingRate({ newest, filtered }: RatePosteriors): number | undefined {
  const { minProbability, maxProbability } = CONTRADICTION;
  const { rate, probability } = newest.mostProbable;
  const contradicts = probability >= minProbability &&
    newest.near(filtered.mostProbable.rate) < maxProbability;
  return contradicts ? rate : undefined;
}

/** Probability of an output before a window is seen. */
function prior(index: number): number {
  return index === RATES ? PRIOR_WITHOUT_PULSE : (1 - PRIOR_WITHOUT_PULSE) / RATES;
}

/** What is to be expected some seconds later. */
function predicted(probabilities: Float32Array, seconds: number): Float32Array {
  const result = new Float32Array(RATES + 1);
  const kernel = walk(seconds);
  for (let from = 0; from < RATES; from++) {
    const probability = probabilities[from]!;
    if (probability < MIN_PROBABILITY) continue;
    const last = Math.min(RATES - 1, from + REACH);
    for (let to = Math.max(0, from - REACH); to <= last; to++) {
      result[to]! += probability * kernel[Math.abs(to - from)]!;
    }
  }
  const without = probabilities[RATES]!;
  const onset = Math.min(1, ONSET_SHARE * seconds);
  const jump = (1 - without) * Math.min(1, JUMP_SHARE * seconds);
  for (let to = 0; to < RATES; to++) {
    result[to] = (1 - onset) * (result[to]! + jump / RATES) + onset * without / RATES;
  }
  result[RATES] = (1 - onset) * without + onset * (1 - without);
  return result;
}

/** Probability of a change by 0, 1, … beats/min after some seconds. */
function walk(seconds: number): Float64Array {
  const jump = Math.min(1, JUMP_SHARE * seconds);
  const quick = Math.min(1 - jump, CHANGE.share * seconds);
  const [slowly, quickly] = [WALK, CHANGE.deviation].map((deviation) =>
    normal(deviation * Math.sqrt(seconds))
  );
  return slowly!.map((value, by) => (1 - jump - quick) * value + quick * quickly![by]!);
}

/** A normal distribution of whole numbers: probability of 0, ±1, … */
function normal(deviation: number): Float64Array {
  const values = Float64Array.from(
    { length: REACH + 1 },
    (_, by) => Math.exp(-0.5 * (by / deviation) ** 2),
  );
  const total = 2 * values.reduce((sum, value) => sum + value, 0) - values[0]!;
  return values.map((value) => value / total);
}
