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

const sampleRateHz = 30;

/** Beats of a pulse of one per second that begins with this phase, in seconds. */
function beatsOf(
  { seconds = 10, shiftS = 0, value = (phase: number) => Math.sin(phase), rate = 60 }: {
    seconds?: number;
    shiftS?: number;
    value?: (phase: number, seconds: number) => number;
    rate?: number;
  } = {},
) {
  const bvp = Float64Array.from(
    { length: seconds * sampleRateHz },
    (_, k) => value(2 * Math.PI * (k / sampleRateHz - shiftS), k / sampleRateHz),
  );
  return findBeats(bvp, { sampleRateHz, rate }).map(({ crossing, peak, height }) => ({
    crossingS: crossing / sampleRateHz,
    peakS: peak / sampleRateHz,
    height,
  }));
}

Deno.test("findBeats() has the zero crossing, the peak and the height of each beat of a sine", () => {
  for (const shiftS of [0.31, 0.515, 0.7]) {
    const beats = beatsOf({ shiftS, value: (phase) => 5 * Math.sin(phase) });
    assert.ok(beats.length >= 8 && beats.length <= 10, `${beats.length}`);
    for (const [k, { crossingS, peakS, height }] of beats.slice(2, -2).entries()) {
      const expected = Math.round(beats[2]!.crossingS - shiftS) + k + shiftS;
      near(crossingS, expected, 0.006, "crossing");
      near(peakS, expected + 0.25, 0.006, "peak");
      // The filter keeps 97 % of the amplitude.
      near(height, 10 * 0.97, 0.25, "height");
    }
  }
});

Deno.test("findBeats() filters a band of 0.35 to 3.2 times the rate", () => {
  // Two passes of a Butterworth filter of second order keep 1/(1 + (f/cutoff)^±4).
  for (const rate of [60, 110]) {
    for (const [ratio, kept] of [[0.5, 0.806], [1, 0.976], [2, 0.867], [3, 0.564]] as const) {
      const value = (phase: number) => Math.sin((ratio * phase * rate) / 60);
      const beats = beatsOf({ seconds: 30, value, rate });
      // At over six beats per second, the highest sample is under the peak.
      for (const { height } of beats.slice(3, -3)) {
        near(height, 2 * kept, 0.08, `height at ${ratio}`);
      }
      assert.ok(beats.length > 20 * ratio - 7, `${beats.length} beats at ${ratio}`);
    }
  }
});

Deno.test("findBeats() needs a trough before each beat", () => {
  /** Every second trough has this depth. */
  const countOf = (depth: number) =>
    beatsOf({
      seconds: 30,
      value: (phase) => {
        const isShallow = Math.floor(phase / (2 * Math.PI)) % 2 === 1;
        return Math.sin(phase) < 0 && isShallow ? depth * Math.sin(phase) : Math.sin(phase);
      },
    }).length;
  assert.ok(countOf(1) >= 28, `${countOf(1)}`);
  assert.ok(countOf(0) <= 17, `${countOf(0)}`);
});

Deno.test("findBeats() ignores swings of under 0.4 standard deviations to either side", () => {
  /** A strong beat is followed by one of this fraction of it. */
  const countOf = (fraction: number) => {
    const value = (phase: number) =>
      Math.sin(phase) * (Math.floor(phase / (2 * Math.PI)) % 2 ? fraction : 1);
    return beatsOf({ seconds: 20, value, rate: 60 }).length;
  };
  // The deviation is √((1 + fraction²)/4), 0.4 of which are 0.2.
  assert.ok(countOf(1) >= 18);
  assert.ok(countOf(0.35) >= 18, `${countOf(0.35)}`);
  assert.ok(countOf(0.08) <= 11, `${countOf(0.08)}`);
});

Deno.test("findBeats() ignores a positive half wave without a trough before it, and an incomplete beat", () => {
  // The window begins at a peak and ends within a rise.
  const beats = beatsOf({ seconds: 10, shiftS: -0.25 });
  assert.ok(beats[0]!.crossingS > 0.6, `${beats[0]!.crossingS}`);
  near(beats.at(-1)!.crossingS, 8.75, 0.05, "last");
});

Deno.test("findBeats() has no beats of a constant signal", () => {
  assert.deepEqual(beatsOf({ value: () => 3 }), []);
});

Deno.test("findBeats() limits its band to 0.45 of the sample rate", () => {
  const bvp = Float64Array.from({ length: 100 }, (_, k) => Math.sin((2 * Math.PI * 3 * k) / 10));
  assert.ok(findBeats(bvp, { sampleRateHz: 10, rate: 180 }).length > 20);
});
