import assert from "node:assert/strict";
import { confidenceFeatures, evaluateWindows } from "../../../../src/vitals/breathing/evidence.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

const RATE_HZ = 10;

/** A segment of a chest that breathes at this rate, with white noise. */
function segmentOf(rate: number, { seconds = 60, noise = 0.01, motionFraction = 0 } = {}) {
  const random = whiteNoise(Math.round(seconds * RATE_HZ), 5);
  const chest = random.map((value, k) =>
    Math.sin((2 * Math.PI * rate * k) / RATE_HZ / 60) + noise * value
  );
  return { chest, endUs: 0, sampleRateHz: RATE_HZ, motionFraction, changingFraction: 1 };
}
const lengthsOf = (segment: ReturnType<typeof segmentOf>) =>
  evaluateWindows(segment).map(({ seconds }) => seconds);

Deno.test("evaluateWindows() uses windows of 14 to 60 seconds, and the whole of a shorter trace", () => {
  // A clear rate ends the search at seven breaths.
  assert.deepEqual(lengthsOf(segmentOf(6.5)), [30, 42, 60]);
  assert.deepEqual(lengthsOf(segmentOf(12, { seconds: 25 })), [14, 20, 25]);
  assert.deepEqual(lengthsOf(segmentOf(24, { seconds: 7.9 })), []);
  assert.deepEqual(lengthsOf(segmentOf(24, { seconds: 8 })), [8]);
  assert.deepEqual(lengthsOf(segmentOf(20, { seconds: 14.5 })), [14]);
  assert.deepEqual(lengthsOf(segmentOf(20, { seconds: 14.6 })), [14, 14.6]);
});

Deno.test("evaluateWindows() uses windows of at least two and a half breaths", () => {
  for (
    const [rate, shortest] of [[4.7, 42], [4.8, 30], [7, 30], [7.1, 20], [10.1, 20], [10.2, 14]]
  ) {
    const [first] = evaluateWindows(segmentOf(rate!));
    assert.equal(first?.seconds, shortest, `${rate}`);
    assert.ok(first!.cycles >= 2.5);
  }
});

Deno.test("evaluateWindows() ends at seven clear breaths", () => {
  assert.deepEqual(lengthsOf(segmentOf(31)), [14]);
  assert.deepEqual(lengthsOf(segmentOf(29)), [14, 20]);
  assert.deepEqual(lengthsOf(segmentOf(9.9)).at(-1), 60);
  assert.deepEqual(lengthsOf(segmentOf(10)).at(-1), 42);
});

Deno.test("evaluateWindows() leaves out rates with a concentration under 0.2", () => {
  const found: number[] = [];
  for (let noise = 1; noise < 4; noise += 0.125) {
    const windows = evaluateWindows(segmentOf(15, { noise }));
    found.push(...windows.map(({ concentration }) => concentration));
  }
  const smallest = Math.min(...found);
  assert.ok(smallest >= 0.2 && smallest < 0.215, `${smallest}`);
});

Deno.test("evaluateWindows() has the fraction of other windows whose rate is within 12 %", () => {
  const seen = new Set<number>();
  for (let ratio = 1.1; ratio < 1.6; ratio += 0.01) {
    // The rate of the newest 14 seconds differs from that of the 14 seconds before.
    let phase = 0;
    const chest = Float64Array.from({ length: 28 * RATE_HZ }, (_, k) => {
      phase += (2 * Math.PI * 12 * (k < 14 * RATE_HZ ? 1 : ratio)) / 60 / RATE_HZ;
      return Math.sin(phase);
    });
    const windows = evaluateWindows({ ...segmentOf(12), chest });
    assert.equal(windows.length, 3);
    for (const { seconds, rate, features } of windows) {
      const others = windows.filter((other) => other.seconds !== seconds);
      const agreeing = others.filter((other) => Math.abs(other.rate - rate) < 0.12 * rate);
      assert.equal(features.accord, agreeing.length / others.length, `${ratio}`);
      seen.add(features.accord);
    }
  }
  assert.deepEqual([...seen].toSorted(), [0, 0.5, 1]);
});

Deno.test("evaluateWindows() limits the features of the confidence", () => {
  const evidence = {
    rate: 12,
    spectralRate: 12,
    concentration: 0.8,
    periodicity: 0.9,
    rise: 9,
    cycles: 12,
    irregularity: 3,
    amplitude: 1,
  };
  const options = { accord: 0.5, motionFraction: 0.9 };
  assert.deepEqual(confidenceFeatures(evidence, options), {
    concentration: 0.8,
    periodicity: 0.9,
    disagreement: 1,
    irregularity: 1,
    rise: 4,
    cycles: Math.log(8),
    accord: 0.5,
    moved: 0.5,
  });
  const far = confidenceFeatures({ ...evidence, countedRate: 27 }, options);
  assert.equal(far.disagreement, 1);
  const small = { ...evidence, countedRate: 13.2, rise: -1, cycles: 5, irregularity: 0.2 };
  const features = confidenceFeatures(small, { accord: 1, motionFraction: 0.2 });
  assert.ok(Math.abs(features.disagreement - 0.1) < 1e-9);
  assert.deepEqual([features.irregularity, features.rise, features.cycles, features.moved], [
    0.2,
    0,
    Math.log(5),
    0.2,
  ]);
});
