import assert from "node:assert/strict";
import fc from "fast-check";
import { findBreaths } from "../../../../src/vitals/breathing/breaths.ts";
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
