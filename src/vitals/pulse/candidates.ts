import { type ConfidenceFeatures, type ConfidenceModel, pulseConfidence } from "./confidence.ts";
import { fuse, type PulseCandidate } from "./fusion.ts";
import { clampRate, type Decision, gate, isIncoherent } from "./gate.ts";
import { SEARCH_BAND } from "./harmonic_sum.ts";
import { PULSE_METHODS } from "./methods/list.ts";
import type { PulseSignal, PulseWindow } from "./methods/method.ts";
import { notchOut } from "./notch.ts";
import { SpectrumHistory } from "./spectrum_history.ts";
import { SteadyRate } from "./steady_rate.ts";

/** Number of candidates of a window that are judged at most. Chosen. */
const MAX_CANDIDATES = 3;
/** Minimum confidence of a candidate that is not the strongest of its window. Chosen. */
const MIN_ALTERNATIVE_CONFIDENCE = 0.95;
/** Nearer to an oscillation that was removed, a candidate may be a remainder of it. Chosen. */
const MIN_DISTANCE_HZ = 0.15;

/** What is known about a window besides its signals. */
export interface WindowContext {
  /** Time of the newest sample, in microseconds. */
  readonly timeUs: number;
  /** Speed of the face in face widths per second. */
  readonly faceSpeed: number;
  readonly breathsPerMinute: number | undefined;
}

/** A candidate, and whether it is published. */
export interface JudgedCandidate {
  readonly candidate: PulseCandidate;
  /** In beats/min. */
  readonly rate: number;
  readonly features: ConfidenceFeatures;
  readonly decision: Decision;
  readonly isIncoherent: boolean;
}

/** Finds the pulse among the oscillations of consecutive windows. */
export class CandidateJudge {
  readonly #model: ConfidenceModel;
  readonly #history = new SpectrumHistory();
  readonly #steady = new SteadyRate();
  /** The result for the window before. */
  #previous: JudgedCandidate | undefined;

  constructor(model: ConfidenceModel) {
    this.#model = model;
  }

  /**
   * Judges the strongest candidate of a window. If that is something else, such as motion or a
   * flickering light, it is removed and the next one is judged in the same way, but it must be
   * certain and steady.
   *
   * @returns the candidate that is published, else the strongest one; undefined for none.
   */
  judge(window: PulseWindow, context: WindowContext): JudgedCandidate | undefined {
    const { found, strongest } = this.#search(window, context);
    this.#steady.push(context.timeUs, found?.rate);
    const isAlternative = found !== strongest;
    const result = found && (!isAlternative || this.#steady.isSteady(context.timeUs))
      ? found
      : strongest;
    if (result) this.#history.push(context.timeUs, result.candidate.spectrum);
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
    this.#history.reset();
    this.#steady.reset();
    this.#previous = undefined;
  }

  #search(window: PulseWindow, context: WindowContext) {
    let signals: readonly PulseSignal[] = PULSE_METHODS.flatMap((method) => method.extract(window));
    let strongest: JudgedCandidate | undefined;
    const removedHz: number[] = [];
    while (removedHz.length < MAX_CANDIDATES) {
      const candidate = fuse(signals, window);
      if (!candidate) break;
      const judged = this.#judgeOne(candidate, window, context);
      const { frequencyHz } = candidate;
      strongest ??= judged;
      if (!judged.decision.withheld) {
        const isCertain = judged.decision.confidence >= MIN_ALTERNATIVE_CONFIDENCE &&
          removedHz.every((hz) => Math.abs(hz - frequencyHz) >= MIN_DISTANCE_HZ);
        return { strongest, found: judged === strongest || isCertain ? judged : undefined };
      }
      if (!judged.decision.isRejected) break;
      removedHz.push(frequencyHz);
      signals = notchOut(signals, { frequencyHz, sampleRateHz: window.sampleRateHz });
    }
    return { strongest, found: undefined };
  }

  #judgeOne(
    candidate: PulseCandidate,
    window: PulseWindow,
    { timeUs, faceSpeed, breathsPerMinute }: WindowContext,
  ): JudgedCandidate {
    const rate = clampRate(60 * candidate.frequencyHz);
    const features = this.#confidenceFeatures(candidate, timeUs);
    const confidence = pulseConfidence(features, this.#model);
    const decision = gate(candidate, {
      window,
      rate,
      confidence,
      features,
      previous: this.#previous,
      faceSpeed,
      breathsPerMinute,
    });
    const incoherent = isIncoherent({ features, confidence });
    return { candidate, rate, features, decision, isIncoherent: incoherent };
  }

  /** Completes the features by the history. */
  #confidenceFeatures(candidate: PulseCandidate, timeUs: number): ConfidenceFeatures {
    const { frequencyHz, features } = candidate;
    const historyDb = this.#history.relativePowerDb(frequencyHz, { timeUs, ...SEARCH_BAND });
    const hasHistory = historyDb === undefined ? 0 : 1;
    return { ...features, historyDb: historyDb ?? 0, hasHistory };
  }
}
