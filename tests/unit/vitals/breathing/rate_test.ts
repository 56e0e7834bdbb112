import assert from "node:assert/strict";
import fc from "fast-check";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import {
  autocorrelation,
  breathingRate,
  detrendLinear,
} from "../../../../src/vitals/breathing/rate.ts";
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

/** A minute, or less, of a sum of sines: their frequencies and amplitudes. */
function sinesOf(sines: readonly (readonly [hz: number, amplitude: number])[], seconds = 60) {
  return Float64Array.from(
    { length: seconds * sampleRateHz },
    (_, k) =>
      sines.reduce(
        (sum, [hz, amplitude]) => sum + amplitude * Math.sin((2 * Math.PI * hz * k) / sampleRateHz),
        0,
      ),
  );
}
const evidenceOf = (...sines: readonly (readonly [hz: number, amplitude: number])[]) =>
  breathingRate(sinesOf(sines), { sampleRateHz })!;
const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);

Deno.test("breathingRate() has the rate, the number and the regularity of clean breaths", () => {
  for (const [hz, seconds] of [[0.1, 60], [0.25, 20], [0.25, 60], [0.6, 30]] as const) {
    const evidence = breathingRate(sinesOf([[hz, 1]], seconds), { sampleRateHz })!;
    near(evidence.countedRate!, 60 * hz, 0.05);
    near(evidence.spectralRate, 60 * hz, 0.017 * 60 * hz);
    near(evidence.cycles, (evidence.spectralRate / 60) * seconds, 1e-9);
    near(evidence.periodicity, 1, 0.02);
    near(evidence.concentration, 1, 0.005);
    near(evidence.irregularity, 0, 0.005);
  }
});

Deno.test("breathingRate() has the height of breaths in a band of half to 2.5 times the rate, up to 1.2 Hz", () => {
  // Two passes of a Butterworth filter of second order keep 1/(1 + (f/cutoff)^±4).
  const keptBy = (hz: number, highHz: number) => 1 / ((1 + 0.5 ** 4) * (1 + (hz / highHz) ** 4));
  for (const [hz, highHz] of [[0.1, 0.25], [0.25, 0.625], [0.6, 1.2]] as const) {
    for (const amplitude of [1, 0.002]) {
      const height = 2 * amplitude * keptBy(hz, highHz);
      near(evidenceOf([hz, amplitude]).amplitude / height, 1, 0.012);
    }
  }
});

Deno.test("breathingRate() has the share of the power at the rate and its harmonic above chance", () => {
  // In a minute, a half width of 1.3/60 + 0.06·0.25 Hz around both is this share of 0.045 to 1.2 Hz.
  const chance = (4 * (1.3 / 60 + 0.06 * 0.25)) / (1.2 - 0.045);
  const shareWith = (hz: number, amplitude: number) => {
    const share = 0.25 / (0.25 + hz * amplitude ** 2);
    return (share - chance) / (1 - chance);
  };
  for (const [hz, amplitude] of [[0.06, 0.5], [0.7, 0.5], [1.1, 0.3]] as const) {
    near(evidenceOf([0.25, 1], [hz, amplitude]).concentration, shareWith(hz, amplitude), 0.004);
  }
  for (const hz of [0.02, 0.5, 1.35]) near(evidenceOf([0.25, 1], [hz, 0.4]).concentration, 1, 0.01);
});

Deno.test("breathingRate() counts power within 0.037 Hz of 15 breaths/min and of its harmonic in a minute", () => {
  for (const hz of [0.25, 0.5]) {
    for (const sign of [-1, 1]) {
      const shareAt = (distance: number) => {
        const { concentration, spectralRate } = evidenceOf([0.25, 1], [hz + sign * distance, 0.3]);
        near(spectralRate, 15, 0.3);
        return concentration;
      };
      // A lobe of the spectrum has a half width of 2/60 Hz, half of which is nearly all of its power.
      near(shareAt(0.02), 1, 0.015);
      assert.ok(shareAt(0.056) < 0.97, `${shareAt(0.056)}`);
    }
  }
});

Deno.test("breathingRate() has the autocorrelation at one period of a band of 0.04 to 1.2 Hz", () => {
  for (const [hz, amplitude] of [[0.06, 0.8], [0.7, 0.5], [1.1, 0.5]] as const) {
    // Two passes of each Butterworth filter keep this part of the power.
    const kept = (f: number) => ((1 + (0.04 / f) ** 4) * (1 + (f / 1.2) ** 4)) ** -2;
    const ratio = (amplitude ** 2 * kept(hz)) / kept(0.25);
    const { periodicity, spectralRate } = evidenceOf([0.25, 1], [hz, amplitude]);
    const expected = (1 + ratio * Math.cos((2 * Math.PI * hz * 60) / spectralRate)) / (1 + ratio);
    near(periodicity, expected, 0.03);
  }
});

Deno.test("breathingRate() finds the fundamental of breaths with a strong harmonic", () => {
  for (const amplitude of [0.5, 0.8, 1]) {
    near(evidenceOf([0.2, 1], [0.4, amplitude]).rate, 12, 0.1);
  }
  near(evidenceOf([0.2, 1], [0.4, 2]).rate, 24, 0.1);
  // Every second breath is deeper: from about its own depth on, that is the rhythm.
  for (const [amplitude, rate] of [[0.4, 24], [1.1, 12], [1.5, 12]] as const) {
    near(evidenceOf([0.4, 1], [0.2, amplitude]).rate, rate, 0.1);
  }
});

Deno.test("breathingRate() has the power of the rate over the median of 1.3 to 3.5 Hz, as velocities", () => {
  let [sum, expected] = [0, 0];
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const trace = sinesOf([[0.25, 1]]).map((value) => value + 0.02 * random.normal());
    sum += breathingRate(trace, { sampleRateHz })!.rise;
    const { power, binHz } = powerSpectrum(trace, { sampleRateHz });
    const velocity = Array.from(power, (value, bin) => value * (bin * binHz) ** 2);
    const jitter = velocity.filter((_, bin) => bin * binHz >= 1.3 && bin * binHz <= 3.5)
      .toSorted((a, b) => a - b);
    // A sine has the power (n/4)² under a Hann window of n samples.
    expected += Math.log10(((600 / 4) ** 2 * 0.25 ** 2) / jitter[jitter.length >> 1]!);
  }
  near(sum / 20, expected / 20, 0.03);
});

Deno.test("breathingRate() has the variation of the intervals between breaths", () => {
  /** Breaths of 4 s that are longer and shorter by this fraction, for half a minute each. */
  const irregularityWith = (fraction: number) => {
    let phase = 0;
    const trace = Float64Array.from({ length: 60 * sampleRateHz }, (_, k) => {
      phase += (2 * Math.PI) / (4 * (1 + (k < 300 ? fraction : -fraction))) / sampleRateHz;
      return Math.sin(phase);
    });
    return breathingRate(trace, { sampleRateHz })!.irregularity;
  };
  for (const fraction of [0.05, 0.1]) near(irregularityWith(fraction) / fraction, 1, 0.15);
});

Deno.test("breathingRate() is undefined for a constant trace, and independent of a line", () => {
  assert.equal(breathingRate(new Float64Array(300).fill(3), { sampleRateHz }), undefined);
  const breaths = sinesOf([[0.25, 1]]);
  const risen = breaths.map((value, k) => value + 5 + 0.03 * k);
  const [expected, found] = [breaths, risen].map((trace) =>
    breathingRate(trace, { sampleRateHz })!
  );
  for (const [name, value] of Object.entries(expected!)) {
    if (name !== "rise") near(found![name as "rate"], value, 1e-6);
  }
});

Deno.test("autocorrelation() of a sine is the cosine of its lag, between samples by a line", () => {
  const signal = Float64Array.from({ length: 4000 }, (_, k) => Math.sin((2 * Math.PI * k) / 40));
  const cosine = (lag: number) => Math.cos((2 * Math.PI * lag) / 40);
  for (const lag of [0, 5, 10, 20, 40]) near(autocorrelation(signal, lag), cosine(lag), 0.005);
  for (const [lag, part] of [[7.25, 0.25], [7.5, 0.5], [7.9, 0.9]] as const) {
    near(autocorrelation(signal, lag), (1 - part) * cosine(7) + part * cosine(8), 0.005);
  }
});

Deno.test("autocorrelation() is normalized by the two parts that it compares", () => {
  const signal = Float64Array.of(1, 2, -1, 3, 0.5);
  const [left, right] = [[1, 2, -1], [-1, 3, 0.5]];
  const product = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  const expected = product(left!, right!) /
    Math.sqrt(product(left!, left!) * product(right!, right!));
  near(autocorrelation(signal, 2), expected, 1e-12);
  near(autocorrelation(signal, 0), 1, 1e-12);
  assert.equal(autocorrelation(new Float64Array(9), 2), 0);
  assert.equal(autocorrelation(signal, 9), 0);
  assert.equal(autocorrelation(Float64Array.of(0, 0, 0.1, 0), 2), 0);
  near(autocorrelation(Float64Array.of(0.1, 0, 0.1, 0), 2), 1, 1e-12);
});

Deno.test("detrendLinear() leaves nothing of a line", () => {
  for (const length of [0, 1, 2, 3, 50]) {
    const line = Float64Array.from({ length }, (_, k) => 3 - 0.7 * k);
    assert.ok(detrendLinear(line).every((value) => Math.abs(value) < 1e-12), `${length}`);
  }
});
