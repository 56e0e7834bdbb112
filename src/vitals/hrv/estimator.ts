import { mean } from "../../base/statistics.ts";
import { assetPath } from "../../base/assets.ts";
import type { Hrv } from "../estimate.ts";
import type { BvpWindow } from "../estimate_context.ts";
import { type Beat, BeatSeries, MAX_GAP_US } from "./beat_series.ts";
import { variabilityOf } from "./variability.ts";

/** Features of the confidence model; the model file has one weight for each. */
export const HRV_FEATURES = ["riseJitter", "snr", "rejected"] as const;
export type HrvFeature = typeof HRV_FEATURES[number];

/** The confidence is the probability that the RMSSD is within this of a contact sensor's. */
export const HRV_TOLERANCE_MS = 10;
/** Minimum confidence: a wrong variability is as plausible as a right one. Chosen. */
const CONFIDENCE_GATE = 0.9;
/** Minimum length of the series: 30 s for RMSSD (Munoz et al., PLoS ONE 10(9), 2015). */
const MIN_SPAN_US = 30_000_000;
/** With fewer frames per second, beats cannot be timed to a few milliseconds. Chosen. */
const MIN_FPS = 24;
/** With a larger fraction of artefacts the variability is withheld. Chosen. */
const MAX_ARTIFACT_FRACTION = 0.1;
const MIN_PULSE_CONFIDENCE = 0.9;
/**
 * Minimum of the RMSSD over the jitter of the rise times, where that exceeds the tolerance: a smaller
 * one is mostly timing error, such as 20 ms for 8. With contact sensors and noise (UBFC-rPPG) it
 * withholds one in forty.
 */
const MIN_JITTER_RATIO = 1.5;

/** Coefficients of a logistic regression on the variability's features. */
export interface HrvModel {
  readonly intercept: number;
  readonly weights: Readonly<Record<HrvFeature, number>>;
}

/** Loads the included model, which `scripts/fit/hrv_confidence.ts` fits. */
export function loadHrvModel(): HrvModel {
  return JSON.parse(Deno.readTextFileSync(`${assetPath("models")}/hrv_confidence.json`));
}

/** Returns the times of beats in seconds. */
export function beatTimesS(beats: readonly Beat[]): number[] {
  return beats.map(({ timeUs }) => timeUs / 1e6);
}

/** Returns the features that show how accurately beats were timed; undefined with too few. */
export function hrvFeatures(
  beats: readonly Beat[],
): Readonly<Record<HrvFeature, number>> | undefined {
  const variability = variabilityOf(beatTimesS(beats));
  if (!variability) return undefined;
  return {
    riseJitter: Math.log(1 + riseJitterMs(beats)),
    snr: Math.max(-5, Math.min(20, mean(beats.map(({ snrDb }) => snrDb)))),
    rejected: variability.artifactFraction,
  };
}

/** The rise time hardly changes from beat to beat, so most of its variation is timing error. */
function riseJitterMs(beats: readonly Beat[]): number {
  const changes = beats.slice(1).map(({ riseMs }, k) => riseMs - beats[k]!.riseMs);
  return Math.sqrt(mean(changes.map((change) => change ** 2)));
}

/** Estimates the heart rate variability of the last minute; it is withheld unless confident. */
export class HrvEstimator {
  readonly #model: HrvModel;
  readonly #series = new BeatSeries();
  #hrv: Hrv | undefined;

  constructor({ model = loadHrvModel() }: { readonly model?: HrvModel } = {}) {
    this.#model = model;
  }

  /**
   * Adds the newest BVP window; a window that was added before has no effect.
   *
   * @returns the new beats.
   */
  push(window: BvpWindow, { fps }: { fps: number }): readonly Beat[] {
    if (fps < MIN_FPS) {
      // Beats from a period with few frames stay inaccurate after the frame rate has recovered.
      this.reset();
      return [];
    }
    const added = this.#series.push(window);
    if (added.length) this.#hrv = this.#estimate();
    return added;
  }

  /** The variability at the newest beat; undefined if it is withheld. */
  get hrv(): Hrv | undefined {
    return this.#hrv;
  }

  /** Discards all beats. */
  reset(): void {
    this.#series.reset();
    this.#hrv = undefined;
  }

  /** The variability of the series, which has at least one beat. */
  #estimate(): Hrv | undefined {
    const beats = sinceLastGap(this.#series.beats);
    const spanUs = beats.at(-1)!.timeUs - beats[0]!.timeUs;
    if (spanUs < MIN_SPAN_US) return undefined;
    if (beats.some(({ confidence }) => confidence < MIN_PULSE_CONFIDENCE)) return undefined;
    const features = hrvFeatures(beats);
    const variability = variabilityOf(beatTimesS(beats));
    if (!features || !variability || variability.artifactFraction > MAX_ARTIFACT_FRACTION) {
      return undefined;
    }
    const jitterMs = riseJitterMs(beats);
    const isTimingError = jitterMs > HRV_TOLERANCE_MS &&
      variability.rmssd < MIN_JITTER_RATIO * jitterMs;
    if (isTimingError) return undefined;
    const { intercept, weights } = this.#model;
    const logit = HRV_FEATURES.reduce((sum, n) => sum + weights[n] * features[n], intercept);
    const confidence = 1 / (1 + Math.exp(-logit));
    if (confidence < CONFIDENCE_GATE) return undefined;
    return { ...variability, confidence };
  }
}

/** Returns the beats after the last gap. */
function sinceLastGap(beats: readonly Beat[]): readonly Beat[] {
  const gap = beats.findLastIndex((beat, k) =>
    k > 0 && beat.timeUs - beats[k - 1]!.timeUs > MAX_GAP_US
  );
  return beats.slice(Math.max(0, gap));
}
