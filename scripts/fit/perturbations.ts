import { monotonicUs } from "../../src/base/time.ts";
import type { RegionMean, RegionName, RegionSample } from "../../src/vision/region_sample.ts";
import { Random } from "../../tests/support/random.ts";

type Samples = readonly RegionSample[];

/** Perturbations of a recording, by name. */
export const PERTURBATIONS: Readonly<Record<string, (samples: Samples, seed: number) => Samples>> =
  {
    "half of the frames dropped": (samples, seed) => dropFrames(samples, 0.5, seed),
    "a tenth of the frames dropped": (samples, seed) => dropFrames(samples, 0.1, seed),
    "15 frames/s": (samples) => decimate(samples, 15),
    "20 frames/s": (samples) => interpolate(samples, 20),
    "25 frames/s": (samples) => interpolate(samples, 25),
    "60 frames/s": (samples) => interpolate(samples, 60),
    "timestamps jittered by 10 ms": (samples, seed) => {
      const random = new Random(seed);
      let lastUs = -Infinity;
      return samples.map((sample) => {
        lastUs = Math.max(lastUs + 1, sample.timeUs + Math.round(10_000 * random.normal()));
        return { ...sample, timeUs: monotonicUs(lastUs) };
      });
    },
  };

/** Drops a random share of the samples. */
function dropFrames(samples: Samples, share: number, seed: number): Samples {
  const random = new Random(seed);
  return samples.filter(() => random.uniform() >= share);
}

/** Keeps the first sample of each period. */
function decimate(samples: Samples, fps: number): Samples {
  let nextUs = -Infinity;
  return samples.filter(({ timeUs }) => {
    if (timeUs < nextUs) return false;
    nextUs = timeUs + 1e6 / fps - 1_000;
    return true;
  });
}

/** Resamples a recording at a fixed rate by linear interpolation. */
function interpolate(samples: Samples, fps: number): Samples {
  const result: RegionSample[] = [];
  const firstUs = samples[0]!.timeUs;
  let next = 1;
  for (let k = 0;; k++) {
    const timeUs = Math.round(firstUs + (k * 1e6) / fps);
    while (next < samples.length && samples[next]!.timeUs < timeUs) next++;
    const [before, after] = [samples[next - 1]!, samples[next]];
    if (!after) return result;
    const share = (timeUs - before.timeUs) / (after.timeUs - before.timeUs);
    const mix = (a: number, b: number) => a + share * (b - a);
    const regions: Partial<Record<RegionName, RegionMean>> = {};
    for (const [name, one] of Object.entries(before.regions) as [RegionName, RegionMean][]) {
      const other = after.regions[name] ?? one;
      const [r, g, b] = [mix(one.r, other.r), mix(one.g, other.g), mix(one.b, other.b)];
      regions[name] = { ...one, r, g, b };
    }
    const readySignals = before.readySignals?.map((value, index) =>
      mix(value, after.readySignals?.[index] ?? value)
    );
    result.push({
      ...before,
      timeUs: monotonicUs(timeUs),
      sequence: k,
      regions,
      ...(readySignals ? { readySignals } : {}),
    });
  }
}
