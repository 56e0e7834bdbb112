import type { RegionSample } from "../vision/region_sample.ts";
import type { BreathingEstimate, Hrv, PulseEstimate, Sample, VitalsOptions } from "./estimate.ts";
import { HrvEstimator } from "./hrv/estimator.ts";
import type { EstimateContext } from "./parts.ts";
import { EdaProxy } from "./perfusion/eda.ts";
import { PhasicTrace } from "./perfusion/phasic.ts";
import { SkinPulse } from "./perfusion/skin_pulse.ts";

/** The heavy parts run once in this time. */
const REFRESH_US = 1_000_000;

/** What follows from a pulse and a breathing that are sure. */
export interface DerivedEstimate {
  readonly hrv?: Hrv;
  /** Beats per breath, once a second while both rates are told. */
  readonly respirationQuotient: readonly Sample[];
  /** Only where it was asked for. */
  readonly phasicPressure?: readonly Sample[];
  /** Only where it was asked for. */
  readonly eda?: readonly Sample[];
}

/**
 * Heart rate variability, pulse-respiration quotient, phasic trace and EDA proxy. Nothing is told
 * while the pulse is withheld.
 */
export class DerivedVitals {
  readonly #phasicPressure: boolean;
  readonly #eda: boolean;
  readonly #hrv = new HrvEstimator();
  readonly #skin = new SkinPulse();
  readonly #proxy = new EdaProxy();
  readonly #phasic = new PhasicTrace();
  #person: number | undefined;
  #refreshedUs = -Infinity;
  #quotientUs = -Infinity;

  constructor({ phasicPressure = false, eda = false }: VitalsOptions = {}) {
    this.#phasicPressure = phasicPressure;
    this.#eda = eda;
  }

  /** Takes every sample. */
  push(sample: RegionSample): void {
    if (sample.face && sample.face.track !== this.#person) {
      if (this.#person !== undefined) this.reset();
      this.#person = sample.face.track;
    }
    if (this.#phasicPressure || this.#eda) this.#skin.push(sample);
  }

  /** What is new since the estimate before. */
  estimate(
    { pulse: wave, fps, nowUs }: EstimateContext,
    { pulse, breathing }: { pulse: PulseEstimate; breathing: BreathingEstimate },
  ): DerivedEstimate {
    const sure = pulse.strict !== undefined;
    if (wave && sure) this.#hrv.push(wave, { fps });
    const hrv = sure ? this.#hrv.hrv : undefined;
    const due = sure && wave && nowUs - this.#refreshedUs >= REFRESH_US;
    const reading = due && (this.#phasicPressure || this.#eda)
      ? this.#skin.read(wave.rate)
      : undefined;
    if (due) this.#refreshedUs = nowUs;
    const proxy = reading && this.#eda
      ? this.#proxy.push({ timeUs: reading.timeUs, value: reading.perfusion })
      : undefined;
    return {
      ...(hrv ? { hrv } : {}),
      respirationQuotient: this.#quotient(nowUs, { pulse, breathing }),
      ...(this.#phasicPressure
        ? { phasicPressure: reading ? this.#phasic.push(reading.beats) : [] }
        : {}),
      ...(this.#eda ? { eda: proxy ? [proxy] : [] } : {}),
    };
  }

  /** Forgets everything, as for a new person. */
  reset(): void {
    this.#person = undefined;
    this.#hrv.reset();
    this.#skin.reset();
    this.#proxy.reset();
    this.#phasic.reset();
    this.#refreshedUs = this.#quotientUs = -Infinity;
  }

  /** Beats per breath: about 4 at rest (Scholkmann and Wolf, Front. Physiol. 10:371, 2019). */
  #quotient(
    nowUs: number,
    { pulse, breathing }: { pulse: PulseEstimate; breathing: BreathingEstimate },
  ): Sample[] {
    if (!pulse.strict || !breathing.strict || nowUs - this.#quotientUs < REFRESH_US) return [];
    this.#quotientUs = nowUs;
    return [{ timeUs: nowUs, value: pulse.strict.value / breathing.strict.value }];
  }
}
