import assert from "node:assert/strict";
import fc from "fast-check";
import { findBreaths, medianRate } from "../../../../src/vitals/breathing/breaths.ts";
import { scipy } from "../../../support/scipy.ts";
import { Random } from "../../../support/random.ts";

const sampleRateHz = 10;

/** Returns a trace of breaths with a fast rise and a slow fall, and noise. */
function breathTrace(rate: number, seconds: number, noise = 0.1): Float64Array {
  const random = new Random(rate * 100);
  return Float64Array.from({ length: seconds * sampleRateHz }, (_, k) => {
    const phase = 2 * Math.PI * (rate / 60) * (k / sampleRateHz);
    return Math.sin(phase) + 0.3 * Math.sin(2 * phase + 0.5) + noise * random.normal();
  });
}

Deno.test("findBreaths() has the peaks of scipy", async () => {
  const trace = breathTrace(14, 60, 0);
  const peaks = findBreaths(trace, { minSwing: 0.5 }).map((breath) => breath.peak);
  const expected = await scipy<number[]>(
    "result = scipy.signal.find_peaks(np.array(data), prominence=0.5)[0]",
    [...trace],
  );
  // The first and the last peak may have a trough on one side only.
  for (const peak of peaks) {
    assert.ok(expected.some((index) => Math.abs(index - peak) <= 0.5), `no peak at ${peak}`);
  }
  assert.ok(peaks.length >= expected.length - 2);
});

Deno.test("findBreaths() returns breaths in order, without overlap, of at least minSwing", () => {
  const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { maxLength: 200 });
  fc.assert(fc.property(values, fc.double({ min: 0.1, max: 3, noNaN: true }), (list, minSwing) => {
    let last = -1;
    for (const breath of findBreaths(Float64Array.from(list), { minSwing })) {
      assert.ok(breath.start >= last - 1 && breath.peak > breath.start - 1);
      assert.ok(breath.end > breath.peak - 1);
      assert.ok(breath.amplitude >= minSwing - 1e-9);
      last = breath.end;
    }
  }));
});

Deno.test("findBreaths() has the troughs, the peak and the height of each breath", () => {
  // Breaths of 4 s whose troughs are at multiples of 4 s, on a rising line.
  const trace = Float64Array.from(
    { length: 201 },
    (_, k) => 3 - Math.cos((2 * Math.PI * k) / 40) + 0.001 * k,
  );
  const breaths = findBreaths(trace, { minSwing: 1 });
  assert.equal(breaths.length, 3);
  for (const [index, { start, peak, end, amplitude }] of breaths.entries()) {
    // A slope of 0.001 shifts the extrema of this cosine by 0.04 samples.
    assert.ok(Math.abs(start - 40 * (index + 1)) < 0.1, `${start}`);
    assert.ok(Math.abs(peak - 40 * (index + 1) - 20) < 0.1, `${peak}`);
    assert.ok(Math.abs(end - 40 * (index + 2)) < 0.1, `${end}`);
    assert.ok(Math.abs(amplitude - 2) < 0.005, `${amplitude}`);
  }
});

Deno.test("findBreaths() ignores swings of under minSwing", () => {
  const trace = Float64Array.from({ length: 201 }, (_, k) => Math.sin((2 * Math.PI * k) / 40));
  assert.equal(findBreaths(trace, { minSwing: 1.9 }).length, 3);
  assert.equal(findBreaths(trace, { minSwing: 2.1 }).length, 0);
});

Deno.test("medianRate() is that of the median interval, and undefined for a single breath", () => {
  assert.equal(medianRate([1, 5, 9, 20, 24]), 15);
  assert.equal(medianRate([1, 4]), 20);
  assert.equal(medianRate([1, 4, 9]), 15);
  assert.deepEqual([medianRate([]), medianRate([3])], [undefined, undefined]);
});
