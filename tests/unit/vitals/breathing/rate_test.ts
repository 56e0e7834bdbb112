import assert from "node:assert/strict";
import fc from "fast-check";
import { findBreaths } from "../../../../src/vitals/breathing/breaths.ts";
import { breathingRate, detrendLinear } from "../../../../src/vitals/breathing/rate.ts";
import { scipy } from "../../../support/scipy.ts";
import { Random } from "../../../support/random.ts";

const sampleRateHz = 10;

/** Breaths with a quick rise and a slow fall, a harmonic and some noise. */
function breaths(rate: number, seconds: number, noise = 0.1): Float64Array {
  const random = new Random(rate * 100);
  return Float64Array.from({ length: seconds * sampleRateHz }, (_, k) => {
    const turn = 2 * Math.PI * (rate / 60) * (k / sampleRateHz);
    return Math.sin(turn) + 0.3 * Math.sin(2 * turn + 0.5) + noise * random.normal();
  });
}

Deno.test("spectrum and counting agree on the rate over the whole range", () => {
  for (let rate = 4; rate <= 40; rate += 1.5) {
    const seconds = Math.max(20, Math.min(60, 5 * 60 / rate));
    const found = breathingRate(breaths(rate, Math.round(seconds)), { sampleRateHz });
    assert.ok(found, `nothing at ${rate}`);
    assert.ok(Math.abs(found.rate - rate) < 0.5, `${found.rate} instead of ${rate}`);
    assert.ok(Math.abs((found.countedRate ?? 0) - rate) < 0.8, `counted ${found.countedRate}`);
    assert.ok(found.concentration > 0.7, `concentration ${found.concentration} at ${rate}`);
  }
});

Deno.test("breaths end where scipy's peaks say so", async () => {
  const trace = breaths(14, 60, 0);
  const peaks = findBreaths(trace, { minSwing: 0.5 }).map((breath) => breath.peak);
  const expected = await scipy<number[]>(
    "result = scipy.signal.find_peaks(np.array(data), prominence=0.5)[0]",
    [...trace],
  );
  // The first and the last peak may lack a trough beside them.
  for (const peak of peaks) {
    assert.ok(expected.some((index) => Math.abs(index - peak) <= 0.5), `no peak at ${peak}`);
  }
  assert.ok(peaks.length >= expected.length - 2);
});

Deno.test("a straight line is taken off as scipy does", async () => {
  const trace = breaths(10, 20).map((value, k) => value + 0.02 * k);
  const expected = await scipy<number[]>("result = scipy.signal.detrend(np.array(data))", [
    ...trace,
  ]);
  detrendLinear(trace).forEach((value, k) => assert.ok(Math.abs(value - expected[k]!) < 1e-9));
});

Deno.test("breaths lie in order, do not overlap, and are as high as was asked", () => {
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

Deno.test("any finite trace gives a rate in the range, or none", () => {
  const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { maxLength: 400 });
  fc.assert(
    fc.property(values, (list) => {
      const found = breathingRate(Float64Array.from(list), { sampleRateHz });
      if (found) {
        assert.ok(found.rate > 3 && found.rate < 48, `${found.rate}`);
        for (const value of Object.values(found)) assert.ok(Number.isFinite(value));
      }
    }),
    { numRuns: 60 },
  );
});
