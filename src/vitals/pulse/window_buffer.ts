import { REGION_NAMES, type RegionName, type RegionSample } from "../../vision/region_sample.ts";
import type { ColorSignal } from "../signal/projections.ts";
import { finiteRuns, gridEndingAt, resample, type Run } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";
import type { PulseWindow } from "./methods/method.ts";

/** Uniform grid of all pulse work: over twice the fourth harmonic of 180 beats/min. */
export const PULSE_RATE_HZ = 30;
/** A projection needs its own window of 1.6 s, and some more to mean anything. */
const SHORTEST_RUN_S = 2;
/** How many ready signals a sample may bring. */
export const MAX_READY_SIGNALS = 16;

const NETWORK = REGION_NAMES.length * 3;
const READY = NETWORK + 1;
const CHANNELS = READY + MAX_READY_SIGNALS;

/** Keeps what the pulse is read from, and lays windows of it on a uniform grid. */
export class PulseWindowBuffer {
  readonly #ring: SampleRing;
  readonly #row = new Float64Array(CHANNELS);
  readonly #lastSeenUs = new Float64Array(CHANNELS).fill(-Infinity);
  #startUs = Infinity;

  /** @param shape `seconds` that are kept, at up to `maxFps` frames per second. */
  constructor({ seconds, maxFps = 120 }: { seconds: number; maxFps?: number }) {
    this.#ring = new SampleRing({ capacity: Math.ceil(seconds * maxFps), channels: CHANNELS });
  }

  /** Time of the newest sample, or -Infinity. */
  get newestUs(): number {
    return this.#ring.newestUs;
  }

  /** Time of the first sample since the start or the last `reset`, or Infinity. */
  get startUs(): number {
    return this.#startUs;
  }

  push(sample: RegionSample): void {
    const row = this.#row.fill(NaN);
    REGION_NAMES.forEach((name, index) => {
      const region = sample.regions[name];
      if (!region || region.pixels <= 0) return;
      row[3 * index] = region.r;
      row[3 * index + 1] = region.g;
      row[3 * index + 2] = region.b;
    });
    row[NETWORK] = sample.networkPulse ?? NaN;
    sample.readySignals?.slice(0, MAX_READY_SIGNALS).forEach((v, k) => row[READY + k] = v);
    if (!this.#ring.push(sample.timeUs, row)) return;
    this.#startUs = Math.min(this.#startUs, sample.timeUs);
    for (let channel = 0; channel < CHANNELS; channel++) {
      if (Number.isFinite(row[channel])) this.#lastSeenUs[channel] = sample.timeUs;
    }
  }

  /** The newest `seconds`, ending at the newest sample. */
  window(seconds: number): PulseWindow {
    const grid = gridEndingAt(this.newestUs, { seconds, sampleRateHz: PULSE_RATE_HZ });
    const read = (channel: number): Float64Array | undefined =>
      this.#lastSeenUs[channel]! >= grid.startUs
        ? resample(this.#ring, { channel, grid })
        : undefined;
    const colors = new Map<RegionName, ColorSignal | undefined>();
    const runs = new Map<RegionName, readonly Run[]>();
    const color = (region: RegionName): ColorSignal | undefined => {
      if (!colors.has(region)) {
        const index = 3 * REGION_NAMES.indexOf(region);
        const [r, g, b] = [read(index), read(index + 1), read(index + 2)];
        colors.set(region, r && g && b ? { r, g, b } : undefined);
      }
      return colors.get(region);
    };
    const shortest = SHORTEST_RUN_S * PULSE_RATE_HZ;
    return {
      sampleRateHz: PULSE_RATE_HZ,
      length: grid.length,
      color,
      runs: (region) => {
        let found = runs.get(region);
        if (!found) {
          const signal = color(region)?.g ?? new Float64Array();
          found = finiteRuns(signal).filter(({ start, end }) => end - start >= shortest);
          runs.set(region, found);
        }
        return found;
      },
      network: read(NETWORK),
      readySignals: Array.from({ length: MAX_READY_SIGNALS }, (_, k) => read(READY + k))
        .filter((signal) => signal !== undefined),
    };
  }

  reset(): void {
    this.#ring.clear();
    this.#lastSeenUs.fill(-Infinity);
    this.#startUs = Infinity;
  }
}
