import { median } from "../../base/statistics.ts";
import type { Sample } from "../estimate.ts";

/** Period over which the reference perfusion is computed, in seconds. Chosen. */
const REFERENCE_S = 120;
/** Minimum number of values for a reference. Chosen. */
const MIN_VALUES = 20;

/**
 * Computes a proxy for electrodermal activity (EDA): relative and experimental.
 *
 * Under sympathetic arousal sweat glands open and peripheral vessels constrict together, so the
 * pulse amplitude of the skin falls when skin conductance rises. The value is the negative
 * logarithm of the perfusion divided by its median of the last two minutes: 0 at the usual
 * amplitude, 0.69 at half of it.
 *
 * It is no skin conductance: temperature, posture and light also constrict vessels or change the
 * measurement.
 *
 * Source: Braun, McDuff, Baltrusaitis, Holz: Video-based sympathetic arousal assessment via
 * peripheral blood flow estimation, Biomedical Optics Express 14(12), 2023.
 */
export class EdaProxy {
  /** Perfusion of the last `REFERENCE_S`, oldest first. */
  #values: Sample[] = [];

  /**
   * Adds the perfusion (AC/DC) of one second.
   *
   * @returns the proxy at that time; undefined without a reference or a positive perfusion.
   */
  push({ timeUs, value }: Sample): Sample | undefined {
    if (!(value > 0)) return undefined;
    this.#values = this.#values.filter((past) => past.timeUs > timeUs - REFERENCE_S * 1e6);
    this.#values.push({ timeUs, value });
    if (this.#values.length < MIN_VALUES) return undefined;
    return { timeUs, value: -Math.log(value / median(this.#values.map((past) => past.value))) };
  }

  /** Discards the reference, as for a new person. */
  reset(): void {
    this.#values = [];
  }
}
