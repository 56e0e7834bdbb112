import assert from "node:assert/strict";
import { findBeats } from "../../../../src/vitals/hrv/beats.ts";
import { variabilityOf } from "../../../../src/vitals/hrv/variability.ts";
import { Random } from "../../../support/random.ts";

const near = (actual: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} is ${actual}, not ${expected}`);

/** Returns times of beats in seconds whose intervals vary. */
function beatTimes(
  count: number,
  { deviationMs, seed = 1 }: { deviationMs: number; seed?: number },
) {
  const random = new Random(seed);
  let time = 1;
  return Array.from({ length: count }, () => time += 0.85 + (deviationMs / 1000) * random.normal());
}

Deno.test("findBeats() finds the beats of a sampled pulse to within 30 ms", () => {
  const beats = beatTimes(50, { deviationMs: 25, seed: 4 });
  const sampleRateHz = 30;
  // The phase advances by one cycle per beat; the sine crosses zero at the beat.
  let k = 0;
  const bvp = Float64Array.from({ length: 40 * sampleRateHz }, (_, n) => {
    const time = n / sampleRateHz;
    while (k + 2 < beats.length && beats[k + 1]! <= time) k++;
    const cycles = (time - beats[k]!) / (beats[k + 1]! - beats[k]!);
    return Math.sin(2 * Math.PI * cycles);
  });
  const found = findBeats(bvp, { sampleRateHz, rate: 70 }).map(({ crossing }) =>
    crossing / sampleRateHz
  );
  const inside = beats.filter((time) => time > 3 && time < 38);
  const errors = inside.map((time) => Math.min(...found.map((f) => Math.abs(f - time))));
  assert.ok(errors.every((error) => error < 0.03), `${Math.max(...errors)} s off`);
  const truth = variabilityOf(inside)!;
  const own = variabilityOf(found.filter((time) => time > 2.9 && time < 38.1))!;
  near(own.rmssd, truth.rmssd, 6, "RMSSD");
  near(own.meanNn, truth.meanNn, 1, "mean NN");
});
