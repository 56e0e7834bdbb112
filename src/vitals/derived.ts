import { type MonotonicUs, monotonicUs } from "../base/time.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import type {
  BreathingEstimate,
  Hrv,
  PulseBeat,
  PulseEstimate,
  Sample,
  VitalsOptions,
} from "./estimate.ts";
import type { BvpWindow, EstimateContext } from "./estimate_context.ts";
import { HrvEstimator } from "./hrv/estimator.ts";
import { EdaProxy } from "./perfusion/eda.ts";
import { PhasicTrace } from "./perfusion/phasic.ts";
import { SkinPulse } from "./perfusion/skin_pulse.ts";

/**
 * Interval between windows that are searched for beats: nearer to the end of a window, where the
 * filter settles, beats are timed less exactly. Chosen.
 */
const BEATS_INTERVAL_US = 950_000;
/** Interval between computations of the quotient and of the skin's perfusion. Chosen. */
const REFRESH_US = 1_000_000;

/** Vitals that are derived from the pulse and the breathing rate. */
export interface DerivedEstimate {
  /** Beats since the last estimate, while the pulse is reliable or withheld as irregular. */
  readonly beats?: readonly PulseBeat[];
  readonly hrv?: Hrv;
  /** Heart beats per breath, once a second if both rates have a `strict` value. */
  readonly respirationQuotient: readonly Sample[];
  /** Present only if enabled in the options. */
  readonly phasicPressure?: readonly Sample[];
  /** Present only if enabled in the options. */
  readonly eda?: readonly Sample[];
}

/**
 * Computes heart rate variability, pulse-respiration quotient, phasic trace and EDA proxy.
 * All of them are withheld while the pulse is.
 */
export class DerivedVitals {
  readonly #phasicPressure: boolean;
  readonly #eda: boolean;
  readonly #hrv = new HrvEstimator();
  readonly #skin = new SkinPulse();
  readonly #edaProxy = new EdaProxy();
  readonly #phasicTrace = new PhasicTrace();
  /** Track number of the measured face. */
  #person: number | undefined;
  #refreshedUs = -Infinity;
  #quotientUs = -Infinity;
  #beatsUs = -Infinity;

  constructor({ phasicPressure = false, eda = false }: VitalsOptions = {}) {
    this.#phasicPressure = phasicPressure;
    this.#eda = eda;
  }

  /** Adds the next sample; the face of another person resets the state. */
  push(sample: RegionSample): void {
    if (sample.face && sample.face.track !== this.#person) {
      if (this.#person !== undefined) this.reset();
      this.#person = sample.face.track;
    }
    if (this.#phasicPressure || this.#eda) this.#skin.push(sample);
  }

  /** Returns the current variability, and the samples that are newer than the last estimate. */
  estimate(
    { bvpWindow, fps, nowUs }: EstimateContext,
    { pulse, breathing }: { pulse: PulseEstimate; breathing: BreathingEstimate },
  ): DerivedEstimate {
    const confident = pulse.strict !== undefined;
    const hasBeats = confident || pulse.withheld === "irregular";
    const beats = bvpWindow && hasBeats ? this.#newBeats(bvpWindow, { fps, nowUs }) : [];
    const hrv = confident ? this.#hrv.hrv : undefined;
    const due = confident && bvpWindow && nowUs - this.#refreshedUs >= REFRESH_US;
    const skinPulse = due && (this.#phasicPressure || this.#eda)
      ? this.#skin.read(bvpWindow.rate)
      : undefined;
    if (due) this.#refreshedUs = nowUs;
    const eda = skinPulse && this.#eda
      ? this.#edaProxy.push({ timeUs: monotonicUs(skinPulse.timeUs), value: skinPulse.perfusion })
      : undefined;
    return {
      ...(beats.length ? { beats } : {}),
      ...(hrv ? { hrv } : {}),
      respirationQuotient: this.#quotient(nowUs, { pulse, breathing }),
      ...(this.#phasicPressure
        ? { phasicPressure: skinPulse ? this.#phasicTrace.push(skinPulse.beats) : [] }
        : {}),
      ...(this.#eda ? { eda: eda ? [eda] : [] } : {}),
    };
  }

  #newBeats(
    window: BvpWindow,
    { fps, nowUs }: { fps: number; nowUs: MonotonicUs },
  ): readonly PulseBeat[] {
    if (nowUs - this.#beatsUs < BEATS_INTERVAL_US) return [];
    this.#beatsUs = nowUs;
    return this.#hrv.push(window, { fps }).map(({ timeUs, intervalMs, confidence }) => ({
      timeUs: monotonicUs(Math.round(timeUs)),
      ...(intervalMs === undefined ? {} : { intervalMs }),
      confidence,
    }));
  }

  /** Discards all state, as for a new person. */
  reset(): void {
    this.#person = undefined;
    this.#hrv.reset();
    this.#skin.reset();
    this.#edaProxy.reset();
    this.#phasicTrace.reset();
    this.#refreshedUs = this.#quotientUs = this.#beatsUs = -Infinity;
  }

  /**
   * Returns the pulse-respiration quotient, about 4 at rest.
   *
   * Source: Scholkmann and Wolf, Front. Physiol. 10:371, 2019.
   */
  #quotient(
    nowUs: MonotonicUs,
    { pulse, breathing }: { pulse: PulseEstimate; breathing: BreathingEstimate },
  ): Sample[] {
    if (!pulse.strict || !breathing.strict || nowUs - this.#quotientUs < REFRESH_US) return [];
    this.#quotientUs = nowUs;
    return [{ timeUs: nowUs, value: pulse.strict.value / breathing.strict.value }];
  }
}
