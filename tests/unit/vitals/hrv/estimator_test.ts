import assert from "node:assert/strict";
import { HrvEstimator } from "../../../../src/vitals/hrv/estimator.ts";
import type { PulseWave } from "../../../../src/vitals/parts.ts";
import type { Hrv } from "../../../../src/vitals/estimate.ts";
import { Random } from "../../../support/random.ts";

const sampleRateHz = 30;

/** A minute of a pulse with intervals that vary by 20 ms, and noise on it. */
function wave(seconds: number, noise: number): { bvp: Float64Array; rmssd: number } {
  const random = new Random(11);
  const nn = Array.from({ length: 200 }, () => 0.85 + 0.02 * random.normal());
  const differences = nn.slice(1).map((interval, k) => 1000 * (interval - nn[k]!));
  const rmssd = Math.sqrt(differences.reduce((s, d) => s + d * d, 0) / differences.length);
  let beat = 0, start = 0;
  const bvp = Float64Array.from({ length: seconds * sampleRateHz }, (_, n) => {
    const time = n / sampleRateHz;
    while (time - start >= nn[beat]!) start += nn[beat++]!;
    const turn = 2 * Math.PI * (time - start) / nn[beat]!;
    return Math.sin(turn) + 0.2 * Math.sin(2 * turn) + noise * random.normal();
  });
  return { bvp, rmssd };
}

/** What was told while windows of ten seconds went by. */
function told(
  { noise = 0, confidence = 0.99, snrDb = 12, fps = 30, seconds = 60 }: {
    noise?: number;
    confidence?: number;
    snrDb?: number;
    fps?: number | ((endS: number) => number);
    seconds?: number;
  },
): { values: (Hrv | undefined)[]; rmssd: number } {
  const watch = new HrvEstimator();
  const { bvp, rmssd } = wave(seconds, noise);
  const values: (Hrv | undefined)[] = [];
  for (let end = 10 * sampleRateHz; end <= bvp.length; end += sampleRateHz / 2) {
    const from = end - 10 * sampleRateHz;
    const window: PulseWave = {
      bvp: bvp.slice(from, end),
      startUs: 1 + (from * 1e6) / sampleRateHz,
      sampleRateHz,
      rate: 70,
      confidence,
      snrDb,
    };
    watch.push(window, { fps: typeof fps === "number" ? fps : fps(end / sampleRateHz) });
    values.push(watch.hrv);
  }
  return { values, rmssd };
}

Deno.test("a clean pulse has its variability told after half a minute, near the truth", () => {
  const { values, rmssd } = told({});
  const first = values.findIndex(Boolean) / 2 + 10;
  assert.ok(first > 30 && first < 36, `first after ${first} s`);
  const last = values.at(-1)!;
  assert.ok(Math.abs(last.rmssd - rmssd) < 6, `${last.rmssd} instead of ${rmssd}`);
  assert.ok(Math.abs(last.meanNn - 850) < 6, `${last.meanNn}`);
  assert.ok(last.confidence >= 0.9);
});

Deno.test("noise, doubt and few frames withhold the variability", () => {
  assert.ok(told({ noise: 0.5, snrDb: 3 }).values.every((hrv) => !hrv), "noise");
  assert.ok(told({ confidence: 0.8 }).values.every((hrv) => !hrv), "doubt");
  assert.ok(told({ fps: 15 }).values.every((hrv) => !hrv), "few frames");
  assert.ok(told({ seconds: 28 }).values.every((hrv) => !hrv), "too short");
});

Deno.test("beats timed while frames were lost do not count when the frames are back", () => {
  const { values } = told({ fps: (endS) => (endS > 30 && endS < 32 ? 20 : 30) });
  assert.ok(values.slice(0, 80).every((hrv) => !hrv), "told within 18 s of lost frames");
});
