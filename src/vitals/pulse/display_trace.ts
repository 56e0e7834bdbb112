import type { RegionSample } from "../../vision/region_sample.ts";
import type { Sample } from "../estimate.ts";
import { SampleRing } from "../signal/ring.ts";

const WINDOW_US = 1_600_000;
const LOW_HZ = 0.7;
const HIGH_HZ = 4;
/** No more than this is kept for a reader who does not come. */
const MAX_WAITING = 1_200;

/**
 * The pulse wave for the eye: sample by sample, causal, never corrected. POS over the 1.6 s that
 * end at the sample (Wang 2017, read at the newest sample only), then first-order high- and
 * low-pass on true time. It is not what rates are computed from.
 */
export class DisplayTrace {
  #ring = new SampleRing({ capacity: 256, channels: 3 });
  #waiting: Sample[] = [];
  #lastUs = -Infinity;
  #slow = 0;
  #smooth = 0;

  push(sample: RegionSample): void {
    const value = this.#raw(sample);
    if (value === undefined) return;
    const seconds = (sample.timeUs - this.#lastUs) / 1e6;
    this.#lastUs = sample.timeUs;
    if (!(seconds < WINDOW_US / 1e6)) {
      this.#slow = value;
      this.#smooth = 0;
    }
    this.#slow += (value - this.#slow) *
      (1 - Math.exp(-2 * Math.PI * LOW_HZ * Math.min(1, seconds)));
    const fast = value - this.#slow;
    this.#smooth += (fast - this.#smooth) *
      (1 - Math.exp(-2 * Math.PI * HIGH_HZ * Math.min(1, seconds)));
    this.#waiting.push({ timeUs: sample.timeUs, value: this.#smooth });
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
  }

  /** The samples since the last call. */
  take(): readonly Sample[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  reset(): void {
    this.#ring.clear();
    this.#waiting = [];
    this.#lastUs = -Infinity;
  }

  #raw(sample: RegionSample): number | undefined {
    const ready = sample.networkPulse ?? sample.readySignals?.[0];
    if (ready !== undefined) return Number.isFinite(ready) ? ready : undefined;
    const skin = sample.regions.skin ?? sample.regions.forehead ?? sample.regions.glabella;
    if (!skin || skin.pixels <= 0) return undefined;
    if (sample.timeUs - this.#ring.newestUs > WINDOW_US) this.#ring.clear();
    this.#ring.push(sample.timeUs, [skin.r, skin.g, skin.b]);
    return this.#newestPos(this.#ring.firstFrom(sample.timeUs - WINDOW_US));
  }

  /** POS of the newest sample in the window that starts at sample `from`, systole up. */
  #newestPos(from: number): number | undefined {
    const ring = this.#ring;
    const count = ring.length - from;
    if (count < 8) return undefined;
    let r = 0;
    let g = 0;
    let b = 0;
    for (let k = from; k < ring.length; k++) {
      r += ring.value(k, 0);
      g += ring.value(k, 1);
      b += ring.value(k, 2);
    }
    if (!(r > 0 && g > 0 && b > 0)) return undefined;
    let square1 = 0;
    let square2 = 0;
    let s1 = 0;
    let s2 = 0;
    for (let k = from; k < ring.length; k++) {
      const rn = (ring.value(k, 0) * count) / r;
      const gn = (ring.value(k, 1) * count) / g;
      const bn = (ring.value(k, 2) * count) / b;
      s1 = gn - bn;
      s2 = gn + bn - 2 * rn;
      square1 += s1 * s1;
      square2 += s2 * s2;
    }
    const alpha = square2 > 0 ? Math.sqrt(square1 / square2) : 0;
    return -(s1 + alpha * s2);
  }
}
