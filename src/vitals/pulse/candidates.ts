import { type ConfidenceFeatures, type ConfidenceModel, pulseConfidence } from "./confidence.ts";
import { SAME_RATE } from "./features.ts";
import { fuse, type PulseCandidate } from "./fusion.ts";
import { clampRate, type Decision, gate, isIncoherent } from "./gate.ts";
import { posMethod } from "./methods/color.ts";
import { PULSE_METHODS } from "./methods/list.ts";
import type { PulseSignal, PulseWindow } from "./methods/method.ts";
import { newestOf } from "./newest_part.ts";
import { notchOut } from "./notch.ts";
import { FAST_BAND, SLOW_BAND } from "./rate_band.ts";
import type { RatePosteriors } from "./rate_network/posterior.ts";
import { RateFilter } from "./rate_network/rate_filter.ts";
import { RateNetwork } from "./rate_network/rate_network.ts";
import { SpectrumHistory } from "./spectrum_history.ts";
import { SteadyRate } from "./steady_rate.ts";

/** Number of candidates of a window that are judged at most. Chosen. */
const MAX_CANDIDATES = 3;
/** Minimum confidence of a candidate that is not the strongest of its window. Chosen. */
const MIN_ALTERNATIVE_CONFIDENCE = 0.95;
/**
 * What is left beside an oscillation is judged from this SNR on, in dB: the rate network and the search
 * in longer signals cost as much as for the strongest candidate. Chosen: of 125 such candidates that
 * were published, the lowest had -4.1 (PURE, UBFC-rPPG, synthetic sway); of 106 in mere noise, 19 in
 * 20 had under -5.7.
 */
const MIN_LEFT_SNR_DB = -6;
/** Nearer to an oscillation that was removed, a candidate may be a remainder of it. Chosen. */
const MIN_DISTANCE_HZ = 0.15;
/** Minimum SNR of the whole face for a search in the bands of slow and fast pulses, dB. Chosen. */
const MIN_OVERVIEW_SNR_DB = 0;
/** From this confidence on, a candidate may be the pulse, even if it is not published. Chosen. */
const MIN_POSSIBLE_CONFIDENCE = 0.5;
/** From this probability on, the rate by the spectrum alone is more accurate. Measured on UBFC-rPPG. */
const CERTAIN_PROBABILITY = 0.8;
/** A candidate nearer to a harmonic of what was removed is a remainder of it. Chosen. */
const MAX_REMAINDER_HZ = 0.25;

/** What is known about a window besides its signals. */
export interface WindowContext {
  /** Time of the newest sample, in microseconds. */
  readonly timeUs: number;
  /** Speed of the face in face widths per second. */
  readonly faceSpeed: number;
  readonly breathsPerMinute: number | undefined;
  /** The newest 20 s, for the rate network; absent while it would know too little. */
  readonly longWindow?: PulseWindow | undefined;
}

/** What a candidate is searched in. */
interface Evidence {
  readonly signals: readonly PulseSignal[];
  /** Signals of 20 s for the rate network; none without it. */
  readonly longSignals: readonly PulseSignal[];
  /** What the rate network says about them. */
  readonly posteriors: RatePosteriors | undefined;
}

/** A candidate, and whether it is published. */
export interface JudgedCandidate {
  readonly candidate: PulseCandidate;
  /** In beats/min. */
  readonly rate: number;
  readonly features: ConfidenceFeatures;
  readonly decision: Decision;
  readonly isIncoherent: boolean;
  /** What the rate network says about rates; undefined without it. */
  readonly posteriors: RatePosteriors | undefined;
}

/** What a candidate is judged by, besides itself. */
interface JudgeContext {
  readonly window: PulseWindow;
  readonly context: WindowContext;
  readonly posteriors: RatePosteriors | undefined;
}

/** Models for windows that a rate network judged as well, and for others. */
export interface ConfidenceModels {
  readonly alone: ConfidenceModel;
  readonly withNetwork: ConfidenceModel;
}

/** What the judge needs of a rate network. */
type RateJudge = Pick<RateNetwork, "run">;

/** Finds the pulse among the oscillations of consecutive windows. */
export class CandidateJudge {
  readonly #models: ConfidenceModels;
  readonly #network: RateJudge | undefined;
  readonly #filter = new RateFilter();
  readonly #history = new SpectrumHistory();
  readonly #steady = new SteadyRate();
  /** The result for the window before. */
  #previous: JudgedCandidate | undefined;

  constructor(models: ConfidenceModels, network?: RateJudge) {
    this.#models = models;
    this.#network = network;
  }

  /**
   * Judges the strongest candidate of a window. If that is something else, such as motion or a
   * flickering light, it is removed and the next one is judged in the same way, but it must be
   * certain and steady. So must a candidate in the bands of slow and fast pulses, which are searched
   * last.
   *
   * @returns the candidate that is published, else the strongest one; undefined for none.
   */
  judge(window: PulseWindow, context: WindowContext): JudgedCandidate | undefined {
    const evidence = this.#extract(window, context);
    const { strongest, ...usual } = this.#search(evidence, { window, context });
    const found = usual.found ?? this.#searchUnusual(evidence, { window, context });
    this.#steady.push(context.timeUs, found?.rate);
    const isPublished = found === strongest || this.#steady.isSteady(context.timeUs);
    const result = isPublished ? found : strongest;
    if (result) this.#history.push(context.timeUs, result.candidate.spectrum);
    const { posteriors } = found ?? strongest ?? evidence;
    if (posteriors) this.#filter.push(posteriors, context.timeUs);
    return this.#previous = result;
  }

  /**
   * Extracts the signal with the highest weight in the window before, which is much cheaper than all.
   *
   * @returns the BVP, NaN in gaps; undefined if the window has no such signal.
   */
  strongestSignal(window: PulseWindow): Float64Array | undefined {
    const strongest = this.#previous?.candidate.signals.reduce((a, b) =>
      b.weight > a.weight ? b : a
    );
    const method = PULSE_METHODS.find(({ name }) => strongest?.name.split(":")[0] === name);
    return method?.extract(window).find(({ name }) => name === strongest?.name)?.bvp;
  }

  /** Forgets all windows, as for a new person. */
  reset(): void {
    this.#filter.reset();
    this.#history.reset();
    this.#steady.reset();
    this.#previous = undefined;
  }

  #extract(window: PulseWindow, { timeUs, longWindow }: WindowContext): Evidence {
    const network = this.#network;
    if (!network || !longWindow) {
      const signals = PULSE_METHODS.flatMap((method) => method.extract(window));
      return { signals, longSignals: [], posteriors: undefined };
    }
    const longSignals = RateNetwork.signalsOf(longWindow);
    const signals = PULSE_METHODS.flatMap((method) =>
      method === posMethod
        ? newestOf(longSignals, window.length).filter(({ isProjection }) => isProjection)
        : method.extract(window)
    );
    return { signals, longSignals, posteriors: this.#askNetwork(longSignals, timeUs) };
  }

  #askNetwork(signals: readonly PulseSignal[], timeUs: number): RatePosteriors | undefined {
    const newest = this.#network?.run(signals);
    return newest && this.#filter.combine(newest, timeUs);
  }

  /** What is left of the evidence without an oscillation; undefined for mere noise. */
  #without(
    { signals, longSignals }: Evidence,
    { timeUs, ...hz }: { timeUs: number; frequencyHz: number; sampleRateHz: number },
  ): Evidence | undefined {
    const left = notchOut(signals, hz);
    const overview = fuse(left, { sampleRateHz: hz.sampleRateHz });
    if (!overview || overview.features.snrDb < MIN_LEFT_SNR_DB) return undefined;
    const longLeft = notchOut(longSignals, hz);
    return {
      signals: left,
      longSignals: longLeft,
      posteriors: this.#askNetwork(longLeft, timeUs),
    };
  }

  #search(
    all: Evidence,
    { window, context }: { window: PulseWindow; context: WindowContext },
  ) {
    const { sampleRateHz } = window;
    let evidence: Evidence | undefined = all;
    let strongest: JudgedCandidate | undefined;
    const removedHz: number[] = [];
    while (evidence && removedHz.length < MAX_CANDIDATES) {
      const { signals, posteriors }: Evidence = evidence;
      const candidate = fuse(signals, {
        sampleRateHz,
        expectedHz: posteriors && posteriors.filtered.mostProbable.rate / 60,
      });
      if (!candidate) break;
      const judged = this.#judgeOne(candidate, { window, context, posteriors });
      const { frequencyHz } = candidate;
      strongest ??= judged;
      if (!judged.decision.withheld) {
        const isCertain = judged.decision.confidence >= MIN_ALTERNATIVE_CONFIDENCE &&
          removedHz.every((hz) => Math.abs(hz - frequencyHz) >= MIN_DISTANCE_HZ);
        return { strongest, found: judged === strongest || isCertain ? judged : undefined };
      }
      if (!judged.decision.isRejected) break;
      removedHz.push(frequencyHz);
      evidence = this.#without(evidence, { timeUs: context.timeUs, frequencyHz, sampleRateHz });
    }
    return { strongest, found: undefined };
  }

  /** Searches a slow or a fast pulse: nothing was fitted there, so it must be certain. */
  #searchUnusual(
    { signals, posteriors }: Evidence,
    { window, context }: { window: PulseWindow; context: WindowContext },
  ): JudgedCandidate | undefined {
    const { sampleRateHz } = window;
    // Most windows without a usual pulse have none at all, as the signals of the whole face show.
    const ofWholeFace = signals.filter(({ region }) => region === undefined);
    const hasColors = signals.some(({ isProjection }) => isProjection);
    for (const band of [SLOW_BAND, FAST_BAND]) {
      if (band.needsColors && !hasColors) continue;
      if (band.needsBreathingRate && context.breathsPerMinute === undefined) continue;
      const overview = fuse(ofWholeFace, { sampleRateHz, band });
      if (!overview || overview.features.snrDb < MIN_OVERVIEW_SNR_DB) continue;
      const candidate = fuse(signals, { sampleRateHz, band });
      const judged = candidate && this.#judgeOne(candidate, { window, context, posteriors });
      const isFound = judged && !judged.decision.withheld &&
        judged.decision.confidence >= MIN_ALTERNATIVE_CONFIDENCE;
      if (isFound && !this.#hasPulseBeside(judged, signals, { window, context, posteriors })) {
        return judged;
      }
    }
    return undefined;
  }

  /** Whether the signals may contain a usual pulse beside a candidate, which is then something else. */
  #hasPulseBeside(
    { candidate: { frequencyHz } }: JudgedCandidate,
    signals: readonly PulseSignal[],
    { window: { sampleRateHz }, context, posteriors }: JudgeContext,
  ): boolean {
    const rest = fuse(notchOut(signals, { frequencyHz, sampleRateHz }), { sampleRateHz });
    if (!rest) return false;
    const { min, max } = rest.band.published;
    const rate = 60 * rest.frequencyHz;
    // A rate that varies leaves remainders beside itself and its harmonics.
    const harmonic = Math.max(1, Math.round(rest.frequencyHz / frequencyHz));
    const isRemainder = Math.abs(rest.frequencyHz - harmonic * frequencyHz) < MAX_REMAINDER_HZ;
    const features = this.#confidenceFeatures(rest, context.timeUs, posteriors);
    const confidence = this.#confidence(features, posteriors);
    return rate >= min && rate < max && !isRemainder && !isIncoherent({ features, confidence }) &&
      confidence >= MIN_POSSIBLE_CONFIDENCE;
  }

  #judgeOne(
    candidate: PulseCandidate,
    { window, context: { timeUs, faceSpeed, breathsPerMinute }, posteriors }: JudgeContext,
  ): JudgedCandidate {
    const rate = clampRate(rateOf(candidate, posteriors));
    const features = this.#confidenceFeatures(candidate, timeUs, posteriors);
    const confidence = this.#confidence(features, posteriors);
    const decision = gate(candidate, {
      window,
      rate,
      confidence,
      features,
      networkProbability: posteriors?.newest.near(rate),
      previous: this.#previous,
      faceSpeed,
      breathsPerMinute,
    });
    const incoherent = isIncoherent({ features, confidence });
    return {
      candidate,
      rate,
      features,
      decision,
      isIncoherent: incoherent,
      posteriors,
    };
  }

  #confidence(features: ConfidenceFeatures, posteriors: RatePosteriors | undefined): number {
    return pulseConfidence(features, posteriors ? this.#models.withNetwork : this.#models.alone);
  }

  /** Completes the features by the history. */
  #confidenceFeatures(
    candidate: PulseCandidate,
    timeUs: number,
    posteriors: RatePosteriors | undefined,
  ): ConfidenceFeatures {
    const { frequencyHz, features, band } = candidate;
    const historyDb = this.#history.relativePowerDb(frequencyHz, { timeUs, ...band.search });
    const hasHistory = historyDb === undefined ? 0 : 1;
    const networkLogOdds = posteriors?.newest.logOdds(60 * frequencyHz) ?? 0;
    return { ...features, historyDb: historyDb ?? 0, hasHistory, networkLogOdds };
  }
}

/**
 * Rate of a candidate in beats/min. In noise, or by a single signal, its spectrum and the rate network
 * have different errors, so their mean is nearer to the truth.
 */
function rateOf(
  { frequencyHz, signals }: PulseCandidate,
  posteriors: RatePosteriors | undefined,
): number {
  const rate = 60 * frequencyHz;
  const expected = posteriors?.filtered.mostProbable;
  if (!expected) return rate;
  if (signals.length > 1 && expected.probability >= CERTAIN_PROBABILITY) return rate;
  return Math.abs(expected.rate - rate) > SAME_RATE ? rate : (rate + expected.rate) / 2;
}
