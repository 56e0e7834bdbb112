import type { Sample } from "../estimate.ts";
import { median } from "../../base/statistics.ts";

/** The usual perfusion is the median of so many seconds. */
const MEMORY_S = 120;
/** With fewer readings there is no usual. */
const MIN_READINGS = 20;

/**
 * A proxy for electrodermal activity: relative, experimental. Under sympathetic arousal sweat
 * glands open and peripheral vessels narrow together, so the amplitude of the skin's pulse falls
 * where skin conductance rises. The value is minus the logarithm of the perfusion over its median
 * of the last two minutes: 0 as usual, 0.69 at half of the usual amplitude.
 *
 * Source: Braun, McDuff, Baltrusaitis, Holz: Video-based sympathetic arousal assessment via
 * peripheral blood flow estimation, Biomedical Optics Express 14(12), 2023. Temperature, posture
 * and light narrow vessels or change the reading too: this is no skin conductance.
 */
export class EdaProxy {
  #readings: Sample[] = [];

  /** Takes the perfusion (AC/DC) of one second. */
  push({ timeUs, value }: Sample): Sample | undefined {
    if (!(value > 0)) return undefined;
    this.#readings = this.#readings.filter((r) => r.timeUs > timeUs - MEMORY_S * 1e6);
    this.#readings.push({ timeUs, value });
    if (this.#readings.length < MIN_READINGS) return undefined;
    return { timeUs, value: -Math.log(value / median(this.#readings.map((r) => r.value))) };
  }

  /** Forgets what is usual. */
  reset(): void {
    this.#readings = [];
  }
}
