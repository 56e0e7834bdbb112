import assert from "node:assert/strict";
import { standardDeviation } from "../../../../src/base/statistics.ts";
import { fuse } from "../../../../src/vitals/pulse/fusion.ts";
import { powerAt } from "../../../../src/vitals/signal/dtft.ts";
import {
  noisySine,
  SAMPLE_RATE_HZ as sampleRateHz,
  signalOf,
  sine,
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

/** Amplitude of a signal at a frequency, between its second and its eighth second. */
function amplitudeAt(signal: Float64Array, hz: number): number {
  // Under a Hann window of n samples, a sine of amplitude a has the power (a·n/4)².
  const middle = signal.subarray(2 * sampleRateHz, 8 * sampleRateHz);
  return (4 * Math.sqrt(powerAt(middle, hz / sampleRateHz))) / (middle.length - 1);
}
const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);

Deno.test("fuse() distinguishes a single signal from several, and projections from ready signals", () => {
  const featuresOf = (flags: readonly boolean[]) => {
    const { isSingleSignal, hasProjections } = fuse(
      flags.map((isProjection, seed) => ({
        name: "signal",
        bvp: noisySine({ hz: 1.3, noise: 0.5, seed }),
        ...(isProjection ? { isProjection } : {}),
      })),
      { sampleRateHz },
    )!.features;
    return [isSingleSignal, hasProjections];
  };
  assert.deepEqual(featuresOf([false]), [1, 0]);
  assert.deepEqual(featuresOf([true]), [1, 1]);
  assert.deepEqual(featuresOf([false, false]), [0, 0]);
  assert.deepEqual(featuresOf([false, true]), [0, 1]);
});

Deno.test("fuse() has the phase coherence of signals from at least three regions", () => {
  const featuresOf = (regions: readonly (string | undefined)[], shift = 0) =>
    fuse(
      regions.map((region, k) => ({
        name: "signal",
        bvp: signalOf((s) => Math.sin(2 * Math.PI * 1.3 * s + shift * k)),
        ...(region ? { region } : {}),
      })),
      { sampleRateHz },
    )!.features;
  const together = featuresOf(["forehead", "left_cheek", "right_cheek"]);
  assert.equal(together.hasCoherence, 1);
  near(together.coherence, 1, 1e-6);
  // Three phases a third of a turn apart cancel out: (3·0 - 1)/2.
  near(
    featuresOf(["forehead", "left_cheek", "right_cheek"], (2 * Math.PI) / 3).coherence,
    -0.5,
    0.01,
  );
  for (
    const regions of [["forehead", "left_cheek", undefined], ["forehead", "left_cheek", "forehead"]]
  ) {
    const { hasCoherence, coherence } = featuresOf(regions);
    assert.deepEqual([hasCoherence, coherence], [0, 0]);
  }
});

Deno.test("fuse() adds signals at the same deviation, weighted by their SNR", () => {
  const clean = (amplitude: number) => ({
    name: "clean",
    bvp: sine(1.3).map((v) => amplitude * v),
  });
  // The sine has a deviation of 1/√2, and the largest weight is 20.
  const weights = (signals: Parameters<typeof fuse>[0]) => {
    const candidate = fuse(signals, { sampleRateHz })!;
    const total = candidate.signals.reduce((sum, { weight }) => sum + weight, 0);
    return [amplitudeAt(candidate.bvp, 1.3), total] as const;
  };
  for (const amplitudes of [[1], [5], [1, 5], [0.2, 30, 1]]) {
    const [amplitude, total] = weights(amplitudes.map(clean));
    near(amplitude / (Math.SQRT2 * total), 1, 0.02);
  }
});

Deno.test("fuse() adds no signal that has another rate", () => {
  const signals = [1.3, 1.3, 2.2].map((hz, seed) => ({
    name: `${hz}`,
    bvp: noisySine({ hz, noise: 0.05, seed }),
  }));
  const { bvp, frequencyHz } = fuse(signals, { sampleRateHz })!;
  near(frequencyHz, 1.3, 0.01);
  assert.ok(amplitudeAt(bvp, 2.2) < 0.02 * amplitudeAt(bvp, 1.3), `${amplitudeAt(bvp, 2.2)}`);
});

Deno.test("fuse() filters each signal by a high-pass at 0.45 Hz", () => {
  for (const hz of [0.7, 1, 2]) {
    const [{ bvp, raw } = { bvp: new Float64Array(), raw: new Float64Array() }] =
      fuse([{ name: "sine", bvp: sine(hz) }], { sampleRateHz })!.signals;
    // Two passes of a Butterworth filter of second order; see the bilinear transform.
    const ratio = Math.tan((Math.PI * 0.45) / sampleRateHz) /
      Math.tan((Math.PI * hz) / sampleRateHz);
    near(amplitudeAt(bvp, hz), amplitudeAt(raw, hz) / (1 + ratio ** 4), 0.01);
    assert.deepEqual(raw, sine(hz));
  }
});

Deno.test("fuse() filters the fused signal by a low-pass at 8 Hz", () => {
  const bvp = signalOf((s) =>
    Math.sin(2 * Math.PI * 1.3 * s) + 0.5 * Math.sin(2 * Math.PI * 6 * s)
  );
  const fused = fuse([{ name: "signal", bvp }], { sampleRateHz })!.bvp;
  const gainAt = (hz: number) =>
    1 /
    (1 + (Math.tan((Math.PI * hz) / sampleRateHz) / Math.tan((Math.PI * 8) / sampleRateHz)) ** 4);
  const ratio = amplitudeAt(fused, 6) / amplitudeAt(fused, 1.3);
  near(ratio, (0.5 * gainAt(6)) / gainAt(1.3), 0.01);
});

Deno.test("fuse() filters the segments of a signal separately; gaps and up to one second are 0", () => {
  const gaps = [[60, 90], [120, 140], [171, 200]] as const;
  const bvp = sine(1.3).map((value) => 50 + value);
  for (const [from, to] of gaps) bvp.fill(NaN, from, to);
  const [{ bvp: filtered } = { bvp: new Float64Array() }] =
    fuse([{ name: "gaps", bvp }], { sampleRateHz })!.signals;
  const powerIn = (from: number, to: number) =>
    filtered.subarray(from, to).reduce((sum, value) => sum + value ** 2, 0);
  for (const [from, to] of gaps) assert.equal(powerIn(from, to), 0);
  // 30 samples are one second.
  assert.equal(powerIn(90, 120), 0);
  for (const [from, to] of [[0, 60], [140, 171], [200, 300]] as const) {
    assert.ok(powerIn(from, to) > 0.1 * (to - from), `${from}`);
  }
  // The level of 50 is removed in each segment.
  assert.ok(filtered.every((value) => Math.abs(value) < 2));
});

Deno.test("fuse() measures the subharmonic without the level of signals", () => {
  const strengthAt = (level: number) => {
    const bvp = signalOf((s) => level + Math.sin(2 * Math.PI * s) + 2 * Math.sin(Math.PI * s));
    bvp.fill(NaN, 100, 106);
    const other = bvp.map((value) => value + 7);
    return fuse([bvp, other].map((bvp) => ({ name: "signal", bvp })), { sampleRateHz })!
      .subharmonicDb;
  };
  near(strengthAt(0), 6, 1);
  near(strengthAt(1000), strengthAt(0), 1e-6);
});

Deno.test("fuse() finds a pulse of any amplitude", () => {
  for (const amplitude of [1e-6, 1e6]) {
    const bvp = sine(1.3).map((value) => amplitude * value);
    near(fuse([{ name: "sine", bvp }], { sampleRateHz })!.frequencyHz, 1.3, 0.001);
  }
});

Deno.test("fuse() averages spectra whose power in the noise band is 1", () => {
  const signals = [1, 2, 3].map((seed) => ({
    name: `${seed}`,
    bvp: noisySine({ hz: 1.3, noise: seed, seed }).map((value) => 10 ** seed * value),
  }));
  const { spectrum: { power, binHz } } = fuse(signals, { sampleRateHz })!;
  const inBand = power.filter((_, bin) => bin * binHz >= 0.6 && bin * binHz <= 4.5);
  near(inBand.reduce((sum, value) => sum + value, 0), 1, 1e-9);
});

Deno.test("fuse() has the SNR, stability and steadiness of a single signal's own pulse", () => {
  // The amplitude in the middles of five segments is 8, 7, 6, 5 and 4 ninths.
  const fading = signalOf((s) => (1 - s / 15) * Math.sin(2 * Math.PI * 1.2 * s));
  const { features, signals: [signal] } = fuse([{ name: "fading", bvp: fading }], {
    sampleRateHz,
  })!;
  near(features.amplitudeStabilityDb, 10 * Math.log10(16 / 38), 0.3);
  near(features.halfWindowOffsetHz, 0, 0.04);
  near(features.snrDb, signal!.snrDb, 0.5);
  assert.equal(features.agreement, 0);
  const moving = signalOf((s) => Math.sin(2 * Math.PI * (s < 5 ? 1.2 : 1.6) * s));
  const offset = fuse([{ name: "moving", bvp: moving }], { sampleRateHz })!.features;
  near(offset.halfWindowOffsetHz, 0.4, 0.08);
});

Deno.test("fuse() takes the expected frequency for the candidate, even if another is stronger", () => {
  const weak = noisySine({ hz: 1.3, noise: 0.2, seed: 1 });
  const bvp = weak.map((value, k) => value + 2 * Math.sin((2 * Math.PI * 2.1 * k) / sampleRateHz));
  const frequencyOf = (expectedHz?: number) =>
    fuse([{ name: "both", bvp }], { sampleRateHz, expectedHz })!.frequencyHz;
  assert.ok(Math.abs(frequencyOf() - 2.1) < 0.02);
  assert.ok(Math.abs(frequencyOf(1.32) - 1.3) < 0.02, "the peak near it is refined");
  assert.ok(Math.abs(frequencyOf(0.4) - 2.1) < 0.02, "it is not searched there");
  const { frequencyHz } = fuse([{ name: "noise", bvp: whiteNoise(300, 1) }], {
    sampleRateHz,
    expectedHz: 1.7,
  })!;
  assert.ok(Math.abs(frequencyHz - 1.7) <= 0.05 + 1e-9, `${frequencyHz}`);
});
