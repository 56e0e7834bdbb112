import { assetPath } from "../../base/assets.ts";
import type { Hrv } from "../estimate.ts";
import type { PulseWave } from "../parts.ts";
import { mean } from "../../base/statistics.ts";
import { BeatSeries, type TimedBeat } from "./beat_series.ts";
import { variabilityOf } from "./variability.ts";

/** What the confidence of a variability is judged by. */
export const HRV_FEATURES = ["riseJitter", "snr", "rejected"] as const;
export type HrvFeature = typeof HRV_FEATURES[number];

/** How near to a contact sensor's RMSSD "right" is. */
export const HRV_TOLERANCE_MS = 10;
/** Under this no variability is told: a wrong one looks just like a right one. */
const GATE = 0.9;
/** Ultra-short RMSSD needs 30 s (Munoz et al., PLoS ONE 10(9), 2015). */
const MIN_SPAN_US = 30_000_000;
/** A gap of this many seconds starts the stretch anew. */
const MAX_GAP_US = 2_500_000;
/** A frame is 33 ms at 30 a second; with fewer, beats cannot be timed to a few ms. */
const MIN_FPS = 24;
/** More artefacts than this share are no recording of a heart. */
const MAX_REJECTED = 0.1;
const MIN_PULSE_CONFIDENCE = 0.9;

/** A logistic regression on named features. */
export interface HrvModel {
  readonly intercept: number;
  readonly weights: Readonly<Record<HrvFeature, number>>;
}

/** The shipped model, fitted by `scripts/fit/hrv_confidence.ts`. */
export function loadHrvModel(): HrvModel {
  return JSON.parse(Deno.readTextFileSync(`${assetPath("models")}/hrv_confidence.json`));
}

/** Times of beats in seconds since the first. */
export function beatTimesS(beats: readonly TimedBeat[]): number[] {
  return beats.map(({ timeUs }) => timeUs / 1e6);
}

/** What the beats tell about how well they were timed; undefined with too few. */
export function hrvFeatures(
  beats: readonly TimedBeat[],
): Readonly<Record<HrvFeature, number>> | undefined {
  const variability = variabilityOf(beatTimesS(beats));
  if (!variability) return undefined;
  // From rise to peak takes every beat about the same time: what varies is mostly noise.
  const rises = beats.map(({ riseMs }) => riseMs);
  const jitter = mean(rises.slice(1).map((rise, k) => (rise - rises[k]!) ** 2));
  return {
    riseJitter: Math.log(1 + Math.sqrt(jitter)),
    snr: Math.max(-5, Math.min(20, mean(beats.map(({ snrDb }) => snrDb)))),
    rejected: variability.rejected,
  };
}

/** Heart rate variability of the last minute, told only over a hard gate. */
export class HrvEstimator {
  readonly #model: HrvModel;
  readonly #trail = new BeatSeries();
  #hrv: Hrv | undefined;

  constructor({ model = loadHrvModel() }: { readonly model?: HrvModel } = {}) {
    this.#model = model;
  }

  /** Takes the newest pulse window; the same one again changes nothing. */
  push(wave: PulseWave, { fps }: { fps: number }): readonly TimedBeat[] {
    if (fps < MIN_FPS) {
      // Beats that were timed by few frames stay wrong when the frames are back.
      this.reset();
      return [];
    }
    const fresh = this.#trail.push(wave);
    if (fresh.length) this.#hrv = this.#judge();
    return fresh;
  }

  /** The variability at the newest beat, while it deserves to be told. */
  get hrv(): Hrv | undefined {
    return this.#hrv;
  }

  /** Forgets all beats. */
  reset(): void {
    this.#trail.reset();
    this.#hrv = undefined;
  }

  #judge(): Hrv | undefined {
    const beats = newestStretch(this.#trail.beats);
    const spanUs = (beats.at(-1)?.timeUs ?? 0) - (beats[0]?.timeUs ?? 0);
    if (spanUs < MIN_SPAN_US) return undefined;
    if (beats.some(({ confidence }) => confidence < MIN_PULSE_CONFIDENCE)) return undefined;
    const features = hrvFeatures(beats);
    const variability = variabilityOf(beatTimesS(beats));
    if (!features || !variability || variability.rejected > MAX_REJECTED) return undefined;
    const { intercept, weights } = this.#model;
    const logit = HRV_FEATURES.reduce((sum, n) => sum + weights[n] * features[n], intercept);
    const confidence = 1 / (1 + Math.exp(-logit));
    if (confidence < GATE) return undefined;
    const { rmssd, sdnn, meanNn } = variability;
    return { rmssd, sdnn, meanNn, confidence };
  }
}

/** The beats since the last gap. */
function newestStretch(beats: readonly TimedBeat[]): readonly TimedBeat[] {
  const gap = beats.findLastIndex((beat, k) =>
    k > 0 && beat.timeUs - beats[k - 1]!.timeUs > MAX_GAP_US
  );
  return beats.slice(Math.max(0, gap));
}
