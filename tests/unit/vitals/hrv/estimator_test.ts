import assert from "node:assert/strict";
import { HrvEstimator } from "../../../../src/vitals/hrv/estimator.ts";
import type { BvpWindow } from "../../../../src/vitals/estimate_context.ts";
import type { Hrv } from "../../../../src/vitals/estimate.ts";
import { Random } from "../../../support/random.ts";

const sampleRateHz = 30;

/** Returns a BVP with NN intervals that vary by 20 ms and noise, and the RMSSD of the intervals. */
function pulseOf(seconds: number, noise: number): { bvp: Float64Array; rmssd: number } {
  const random = new Random(11);
  const nn = Array.from({ length: 200 }, () => 0.85 + 0.02 * random.normal());
  const differences = nn.slice(1).map((interval, k) => 1000 * (interval - nn[k]!));
  const rmssd = Math.sqrt(differences.reduce((s, d) => s + d * d, 0) / differences.length);
  let beat = 0, start = 0;
  const bvp = Float64Array.from({ length: seconds * sampleRateHz }, (_, n) => {
    const time = n / sampleRateHz;
    while (time - start >= nn[beat]!) start += nn[beat++]!;
    const phase = 2 * Math.PI * (time - start) / nn[beat]!;
    return Math.sin(phase) + 0.2 * Math.sin(2 * phase) + noise * random.normal();
  });
  return { bvp, rmssd };
}

/** Returns the variability after each window of ten seconds, at intervals of half a second. */
function hrvOf(
  { noise = 0, confidence = 0.99, snrDb = 12, fps = 30, seconds = 60 }: {
    noise?: number;
    confidence?: number;
    snrDb?: number;
    fps?: number | ((endS: number) => number);
    seconds?: number;
  },
): { values: (Hrv | undefined)[]; rmssd: number } {
  const estimator = new HrvEstimator();
  const { bvp, rmssd } = pulseOf(seconds, noise);
  const values: (Hrv | undefined)[] = [];
  for (let end = 10 * sampleRateHz; end <= bvp.length; end += sampleRateHz / 2) {
    const from = end - 10 * sampleRateHz;
    const window: BvpWindow = {
      bvp: bvp.slice(from, end),
      startUs: 1 + (from * 1e6) / sampleRateHz,
      sampleRateHz,
      rate: 70,
      confidence,
      snrDb,
    };
    estimator.push(window, { fps: typeof fps === "number" ? fps : fps(end / sampleRateHz) });
    values.push(estimator.hrv);
  }
  return { values, rmssd };
}

Deno.test("HrvEstimator reports the variability of a clean pulse after half a minute", () => {
  const { values, rmssd } = hrvOf({});
  const first = values.findIndex(Boolean) / 2 + 10;
  assert.ok(first > 30 && first < 36, `first after ${first} s`);
  const last = values.at(-1)!;
  assert.ok(Math.abs(last.rmssd - rmssd) < 6, `${last.rmssd} instead of ${rmssd}`);
  assert.ok(Math.abs(last.meanNn - 850) < 6, `${last.meanNn}`);
  assert.ok(last.confidence >= 0.9);
});

Deno.test("HrvEstimator withholds the variability with noise, low confidence or few frames", () => {
  assert.ok(hrvOf({ noise: 0.5, snrDb: 3 }).values.every((hrv) => !hrv), "noise");
  assert.ok(hrvOf({ confidence: 0.8 }).values.every((hrv) => !hrv), "low confidence");
  assert.ok(hrvOf({ fps: 15 }).values.every((hrv) => !hrv), "few frames");
  assert.ok(hrvOf({ seconds: 28 }).values.every((hrv) => !hrv), "too short");
});

Deno.test("HrvEstimator discards beats from a period of low frame rate", () => {
  const { values } = hrvOf({ fps: (endS) => (endS > 30 && endS < 32 ? 20 : 30) });
  assert.ok(values.slice(0, 80).every((hrv) => !hrv), "reported within 18 s of lost frames");
});
