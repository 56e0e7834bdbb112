import assert from "node:assert/strict";
import fc from "fast-check";
import { breathingRate, detrendLinear } from "../../../../src/vitals/breathing/rate.ts";
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

Deno.test("breathingRate() has the same rate by spectrum and by counting over the whole range", () => {
  for (let rate = 4; rate <= 40; rate += 1.5) {
    const seconds = Math.max(20, Math.min(60, 5 * 60 / rate));
    const found = breathingRate(breathTrace(rate, Math.round(seconds)), { sampleRateHz });
    assert.ok(found, `nothing at ${rate}`);
    assert.ok(Math.abs(found.rate - rate) < 0.5, `${found.rate} instead of ${rate}`);
    assert.ok(Math.abs((found.countedRate ?? 0) - rate) < 0.8, `counted ${found.countedRate}`);
    assert.ok(found.concentration > 0.7, `concentration ${found.concentration} at ${rate}`);
  }
});

Deno.test("detrendLinear() removes a line as scipy does", async () => {
  const trace = breathTrace(10, 20).map((value, k) => value + 0.02 * k);
  const expected = await scipy<number[]>("result = scipy.signal.detrend(np.array(data))", [
    ...trace,
  ]);
  detrendLinear(trace).forEach((value, k) => assert.ok(Math.abs(value - expected[k]!) < 1e-9));
});

Deno.test("breathingRate() is in the range or undefined for any finite trace", () => {
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

Deno.test("breathingRate() finds rates from 4 to 40 breaths/min, and none beyond", () => {
  const found = (rate: number) => {
    const trace = breathTrace(rate, 60, 0).map((_, k) => Math.sin((2 * Math.PI * rate * k) / 600));
    const evidence = breathingRate(trace, { sampleRateHz });
    return evidence !== undefined && Math.abs(evidence.spectralRate - rate) < 0.3;
  };
  for (const rate of [4, 12, 40]) assert.equal(found(rate), true, `${rate}`);
  for (const rate of [3.7, 41.6]) assert.equal(found(rate), false, `${rate}`);
});

Deno.test("breathingRate() needs four seconds and one and a half breaths", () => {
  const found = (rate: number, seconds: number) => {
    const trace = Float64Array.from(
      { length: seconds * sampleRateHz },
      (_, k) => Math.sin((2 * Math.PI * rate * k) / 600),
    );
    return breathingRate(trace, { sampleRateHz });
  };
  assert.equal(found(38, 3.9), undefined);
  assert.ok(found(38, 4));
  // 1.5 breaths in 20 s are 4.5 breaths/min.
  for (const rate of [4.2, 4.4]) assert.ok((found(rate, 20)?.cycles ?? 1.5) >= 1.5, `${rate}`);
});

Deno.test("breathingRate() weights the counted rate twice if it is within 20 % of the spectral one", () => {
  for (let rate = 6; rate < 40; rate += 3) {
    const { rate: found, spectralRate, countedRate } = breathingRate(breathTrace(rate, 40, 0.4), {
      sampleRateHz,
    })!;
    const agree = Math.abs(countedRate! - spectralRate) <= 0.2 * spectralRate;
    const expected = agree ? (spectralRate + 2 * countedRate!) / 3 : spectralRate;
    assert.ok(Math.abs(found - expected) < 1e-9, `${rate}`);
  }
});
