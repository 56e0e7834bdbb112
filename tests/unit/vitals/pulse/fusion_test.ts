import assert from "node:assert/strict";
import { standardDeviation } from "../../../../src/base/statistics.ts";
import { fuse } from "../../../../src/vitals/pulse/fusion.ts";
import {
  noisySine,
  SAMPLE_RATE_HZ as sampleRateHz,
  whiteNoise,
} from "../../../support/synthetic_signals.ts";

Deno.test("fuse() finds the rate that most signals share, even if another signal is stronger", () => {
  const signals = [
    ...[1, 2, 3].map((seed) => ({
      name: `signal ${seed}`,
      bvp: noisySine({ hz: 1.3, noise: 1, seed }),
    })),
    { name: "outlier", bvp: noisySine({ hz: 2.2, noise: 0.8, seed: 4 }) },
  ];
  const candidate = fuse(signals, { sampleRateHz })!;
  assert.ok(Math.abs(candidate.frequencyHz - 1.3) < 0.02, `${candidate.frequencyHz}`);
  assert.ok(candidate.features.agreement > 0.4);
  assert.equal(candidate.features.hasCoherence, 0);
});

Deno.test("fuse() returns undefined without signals, and for constant and empty signals", () => {
  assert.equal(fuse([], { sampleRateHz }), undefined);
  assert.equal(
    fuse([{ name: "constant", bvp: new Float64Array(300).fill(5) }], { sampleRateHz }),
    undefined,
  );
  assert.equal(
    fuse([{ name: "gaps only", bvp: new Float64Array(300).fill(NaN) }], { sampleRateHz }),
    undefined,
  );
});

Deno.test("fuse() aligns the signs of signals before it adds them", () => {
  const bvps = [0.3, 0.5, 0.5].map((noise, k) => noisySine({ hz: 1.3, noise, seed: k + 1 }));
  const fused = (signs: readonly number[]) => {
    const signals = bvps.map((bvp, k) => ({
      name: `signal ${k}`,
      bvp: bvp.map((value) => signs[k]! * value),
    }));
    return fuse(signals, { sampleRateHz })!;
  };
  const aligned = fused([1, 1, 1]);
  assert.ok(standardDeviation(aligned.bvp) > 0, "no signal");
  for (const signs of [[1, -1, 1], [1, 1, -1], [1, -1, -1]]) {
    const { bvp, frequencyHz, features, subharmonicDb } = fused(signs);
    const difference = Math.max(...bvp.map((value, k) => Math.abs(value - aligned.bvp[k]!)));
    assert.ok(difference < 1e-9 * standardDeviation(aligned.bvp), `${signs}: ${difference}`);
    assert.ok(Math.abs(frequencyHz - aligned.frequencyHz) < 1e-9);
    assert.ok(Math.abs(subharmonicDb - aligned.subharmonicDb) < 1e-6, "unfiltered signals");
    assert.ok(
      Math.abs(features.amplitudeStabilityDb - aligned.features.amplitudeStabilityDb) < 1e-6,
    );
  }
});

Deno.test("fuse() keeps the sign of the strongest signal", () => {
  const bvps = [0.1, 1].map((noise, k) => noisySine({ hz: 1.3, noise, seed: k + 1 }));
  for (const sign of [1, -1]) {
    const [strong, weak] = [bvps[0]!, bvps[1]!.map((value) => -value)];
    const signals = [strong.map((value) => sign * value), weak.map((value) => sign * value)];
    const { bvp } = fuse(signals.map((bvp) => ({ name: "signal", bvp })), { sampleRateHz })!;
    const product = bvp.reduce((sum, value, k) => sum + sign * value * strong[k]!, 0);
    assert.ok(product > 0, `${product}`);
  }
});

Deno.test("fuse() subtracts the trend that the unfiltered signals share from no signal twice", () => {
  const breathing = (sign: number) =>
    noisySine({ hz: 1, noise: 0.01, seed: 3 }).map((value, k) =>
      sign * (value + 2 * Math.sin((Math.PI * k) / sampleRateHz))
    );
  const signals = [breathing(1), breathing(-1)].map((bvp) => ({ name: "signal", bvp }));
  // An amplitude ratio of 2 is 6 dB; without alignment the signals would cancel out.
  const { subharmonicDb } = fuse(signals, { sampleRateHz })!;
  assert.ok(subharmonicDb > 5, `${subharmonicDb}`);
});

Deno.test("fuse() limits the weight of a signal to 20, and normalizes from 36 to 270 per minute", () => {
  // Thirty seconds, so that nearly all power is within 0.1 Hz.
  const signals = [0, 1.5].map((deviation) => {
    const noise = whiteNoise(900, 1);
    const bvp = noise.map((value, k) =>
      Math.sin((2 * Math.PI * 1.3 * k) / sampleRateHz) + deviation * value
    );
    return { name: `noise ${deviation}`, bvp };
  });
  const [clean, noisy] = fuse(signals, { sampleRateHz })!.signals;
  assert.equal(clean!.weight, 20);
  assert.ok(noisy!.weight < 18, `${noisy!.weight}`);
  assert.ok(Math.abs(noisy!.weight - 10 ** (noisy!.snrDb / 10)) < 1e-9);
  const { power, binHz } = noisy!.spectrum;
  const inBand = power.filter((_, bin) => bin * binHz >= 0.6 && bin * binHz <= 4.5);
  assert.ok(Math.abs(inBand.reduce((sum, value) => sum + value, 0) - 1) < 1e-9);
});
