import { type ConfidenceFeatures, type ConfidenceModel, pulseConfidence } from "./confidence.ts";
import { fuse, type PulseCandidate } from "./fusion.ts";
import { clampRate, type Decision, gate, isIncoherent } from "./gate.ts";
import { PULSE_METHODS } from "./methods/list.ts";
import type { PulseSignal, PulseWindow } from "./methods/method.ts";
import { notchOut } from "./notch.ts";
import { FAST_BAND, SLOW_BAND } from "./rate_band.ts";
import { SpectrumHistory } from "./spectrum_history.ts";
import { SteadyRate } from "./steady_rate.ts";

/** Number of candidates of a window that are judged at most. Chosen. */
const MAX_CANDIDATES = 3;
/** Minimum confidence of a candidate that is not the strongest of its window. Chosen. */
const MIN_ALTERNATIVE_CONFIDENCE = 0.95;
/** Nearer to an oscillation that was removed, a candidate may be a remainder of it. Chosen. */
const MIN_DISTANCE_HZ = 0.15;
/** Minimum SNR of the whole face for a search in the bands of slow and fast pulses, dB. Chosen. */
const MIN_OVERVIEW_SNR_DB = 0;
/** From this confidence on, a candidate may be the pulse, even if it is not published. Chosen. */
const MIN_POSSIBLE_CONFIDENCE = 0.5;
/** A candidate nearer to a harmonic of what was removed is a remainder of it. Chosen. */
const MAX_REMAINDER_HZ = 0.25;

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
   * certain and steady. So must a candidate in the bands of slow and fast pulses, which are searched
   * last.
   *
   * @returns the candidate that is published, else the strongest one; undefined for none.
   */
  judge(window: PulseWindow, context: WindowContext): JudgedCandidate | undefined {
    const signals = PULSE_METHODS.flatMap((method) => method.extract(window));
    const { strongest, ...usual } = this.#search(signals, { window, context });
    const found = usual.found ?? this.#searchUnusual(signals, { window, context });
    this.#steady.push(context.timeUs, found?.rate);
    const isPublished = found === strongest || this.#steady.isSteady(context.timeUs);
    const result = isPublished ? found : strongest;
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

  #search(
    all: readonly PulseSignal[],
    { window, context }: { window: PulseWindow; context: WindowContext },
  ) {
    let signals = all;
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

  /** Searches a slow or a fast pulse: nothing was fitted there, so it must be certain. */
  #searchUnusual(
    signals: readonly PulseSignal[],
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
      const judged = candidate && this.#judgeOne(candidate, window, context);
      const isFound = judged && !judged.decision.withheld &&
        judged.decision.confidence >= MIN_ALTERNATIVE_CONFIDENCE;
      if (isFound && !this.#hasPulseBeside(judged, signals, { window, context })) return judged;
    }
    return undefined;
  }

  /** Whether the signals may contain a usual pulse beside a candidate, which is then something else. */
  #hasPulseBeside(
    { candidate: { frequencyHz } }: JudgedCandidate,
    signals: readonly PulseSignal[],
    { window: { sampleRateHz }, context }: { window: PulseWindow; context: WindowContext },
  ): boolean {
    const rest = fuse(notchOut(signals, { frequencyHz, sampleRateHz }), { sampleRateHz });
    if (!rest) return false;
    const { min, max } = rest.band.published;
    const rate = 60 * rest.frequencyHz;
    // A rate that varies leaves remainders beside itself and its harmonics.
    const harmonic = Math.max(1, Math.round(rest.frequencyHz / frequencyHz));
    const isRemainder = Math.abs(rest.frequencyHz - harmonic * frequencyHz) < MAX_REMAINDER_HZ;
    const features = this.#confidenceFeatures(rest, context.timeUs);
    const confidence = pulseConfidence(features, this.#model);
    return rate >= min && rate < max && !isRemainder && !isIncoherent({ features, confidence }) &&
      confidence >= MIN_POSSIBLE_CONFIDENCE;
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
    const { frequencyHz, features, band } = candidate;
    const historyDb = this.#history.relativePowerDb(frequencyHz, { timeUs, ...band.search });
    const hasHistory = historyDb === undefined ? 0 : 1;
    return { ...features, historyDb: historyDb ?? 0, hasHistory };
  }
}
