import { REGION_NAMES, type RegionName, type RegionSample } from "../../vision/region_sample.ts";
import type { ColorSignal } from "../signal/projections.ts";
import { finiteSegments, gridEndingAt, resample, type Segment } from "../signal/resample.ts";
import { SampleRing } from "../signal/ring.ts";
import type { PulseWindow } from "./methods/method.ts";

/** Sample rate of all pulse processing: over twice the fourth harmonic of 220 beats/min. */
export const PULSE_SAMPLE_RATE_HZ = 30;
/** Shortest usable segment, in seconds: longer than the projection window of 1.6 s. */
const MIN_SEGMENT_S = 2;
/** Maximum number of ready signals in a sample. Chosen. */
export const MAX_READY_SIGNALS = 16;

const NETWORK = REGION_NAMES.length * 3;
const READY = NETWORK + 1;
const CHANNELS = READY + MAX_READY_SIGNALS;

/** Buffers the input of the pulse methods and resamples windows of it onto a uniform grid. */
export class PulseWindowBuffer {
  readonly #ring: SampleRing;
  readonly #row = new Float64Array(CHANNELS);
  /** Time of the newest sample of each channel. */
  readonly #channelNewestUs = new Float64Array(CHANNELS).fill(-Infinity);
  #startUs = Infinity;

  /** @param options buffer length in `seconds`, at up to `maxFps` frames per second. */
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

  /** Adds a sample; one that is not newer than the last one is discarded. */
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
      if (Number.isFinite(row[channel])) this.#channelNewestUs[channel] = sample.timeUs;
    }
  }

  /** The window of the given length in seconds that ends at the newest sample. */
  window(seconds: number): PulseWindow {
    const grid = gridEndingAt(this.newestUs, { seconds, sampleRateHz: PULSE_SAMPLE_RATE_HZ });
    const read = (channel: number): Float64Array | undefined =>
      this.#channelNewestUs[channel]! >= grid.startUs
        ? resample(this.#ring, { channel, grid })
        : undefined;
    const colors = new Map<RegionName, ColorSignal | undefined>();
    const segments = new Map<RegionName, readonly Segment[]>();
    const color = (region: RegionName): ColorSignal | undefined => {
      if (!colors.has(region)) {
        const index = 3 * REGION_NAMES.indexOf(region);
        const [r, g, b] = [read(index), read(index + 1), read(index + 2)];
        colors.set(region, r && g && b ? { r, g, b } : undefined);
      }
      return colors.get(region);
    };
    return {
      sampleRateHz: PULSE_SAMPLE_RATE_HZ,
      length: grid.length,
      color,
      segments: (region) => {
        let found = segments.get(region);
        if (!found) {
          found = usableSegments(color(region));
          segments.set(region, found);
        }
        return found;
      },
      network: read(NETWORK),
      readySignals: Array.from({ length: MAX_READY_SIGNALS }, (_, k) => read(READY + k))
        .filter((signal) => signal !== undefined),
    };
  }

  /** Removes all samples. */
  reset(): void {
    this.#ring.clear();
    this.#channelNewestUs.fill(-Infinity);
    this.#startUs = Infinity;
  }
}

/** The segments of a region's color that are long enough for a projection. */
export function usableSegments(color: ColorSignal | undefined): readonly Segment[] {
  const minSamples = MIN_SEGMENT_S * PULSE_SAMPLE_RATE_HZ;
  return finiteSegments(color?.g ?? new Float64Array())
    .filter(({ start, end }) => end - start >= minSamples);
}
