import type { RegionSample } from "../../vision/region_sample.ts";
import type { Sample } from "../estimate.ts";
import { SampleRing } from "../signal/ring.ts";

/** POS window in microseconds (Wang 2017). */
const WINDOW_US = 1_600_000;
/** Cutoffs of the first-order high-pass and low-pass, in hertz. Chosen. */
const HIGH_PASS_HZ = 0.7;
const LOW_PASS_HZ = 4;
/** Fewer samples give no usable projection. Chosen. */
const MIN_SAMPLES = 8;
/** Maximum number of samples that wait for `drain()`; older ones are dropped. Chosen. */
const MAX_PENDING_SAMPLES = 1_200;

/**
 * The pulse trace for display: causal, one sample per frame, never corrected. It is POS over the
 * 1.6 s that end at the sample (Wang 2017, evaluated at the newest sample only), followed by a
 * first-order high-pass and low-pass on timestamps. Rates are not computed from it.
 */
export class DisplayTrace {
  #ring = new SampleRing({ capacity: 256, channels: 3 });
  #pending: Sample[] = [];
  #newestUs = -Infinity;
  #baseline = 0;
  #smoothed = 0;

  /** Adds a sample. */
  push(sample: RegionSample): void {
    const value = this.#bvp(sample);
    if (value === undefined) return;
    const seconds = (sample.timeUs - this.#newestUs) / 1e6;
    this.#newestUs = sample.timeUs;
    if (!(seconds < WINDOW_US / 1e6)) {
      this.#baseline = value;
      this.#smoothed = 0;
    }
    this.#baseline += (value - this.#baseline) *
      (1 - Math.exp(-2 * Math.PI * HIGH_PASS_HZ * Math.min(1, seconds)));
    const highPassed = value - this.#baseline;
    this.#smoothed += (highPassed - this.#smoothed) *
      (1 - Math.exp(-2 * Math.PI * LOW_PASS_HZ * Math.min(1, seconds)));
    this.#pending.push({ timeUs: sample.timeUs, value: this.#smoothed });
    if (this.#pending.length > MAX_PENDING_SAMPLES) this.#pending.shift();
  }

  /** Returns the samples since the last call. */
  drain(): readonly Sample[] {
    const samples = this.#pending;
    this.#pending = [];
    return samples;
  }

  /** Removes all samples, as for a new person. */
  reset(): void {
    this.#ring.clear();
    this.#pending = [];
    this.#newestUs = -Infinity;
  }

  /** The unfiltered BVP at a sample; undefined if it has none. */
  #bvp(sample: RegionSample): number | undefined {
    const ready = sample.networkPulse ?? sample.readySignals?.[0];
    if (ready !== undefined) return Number.isFinite(ready) ? ready : undefined;
    const skin = sample.regions.skin ?? sample.regions.forehead ?? sample.regions.glabella;
    if (!skin || skin.pixels <= 0) return undefined;
    if (sample.timeUs - this.#ring.newestUs > WINDOW_US) this.#ring.clear();
    this.#ring.push(sample.timeUs, [skin.r, skin.g, skin.b]);
    return this.#newestPos(this.#ring.firstFrom(sample.timeUs - WINDOW_US));
  }

  /** POS at the newest sample over the window from sample `from` on; it rises in systole. */
  #newestPos(from: number): number | undefined {
    const ring = this.#ring;
    const count = ring.length - from;
    if (count < MIN_SAMPLES) return undefined;
    let r = 0;
    let g = 0;
    let b = 0;
    for (let k = from; k < ring.length; k++) {
      r += ring.value(k, 0);
      g += ring.value(k, 1);
      b += ring.value(k, 2);
    }
    if (!(r > 0 && g > 0 && b > 0)) return undefined;
    let squares1 = 0;
    let squares2 = 0;
    let s1 = 0;
    let s2 = 0;
    for (let k = from; k < ring.length; k++) {
      const rn = (ring.value(k, 0) * count) / r;
      const gn = (ring.value(k, 1) * count) / g;
      const bn = (ring.value(k, 2) * count) / b;
      s1 = gn - bn;
      s2 = gn + bn - 2 * rn;
      squares1 += s1 * s1;
      squares2 += s2 * s2;
    }
    const alpha = squares2 > 0 ? Math.sqrt(squares1 / squares2) : 0;
    return -(s1 + alpha * s2);
  }
}
