import assert from "node:assert/strict";
import type { Beat } from "../../../../src/vitals/hrv/beat_series.ts";
import {
  beatTimesS,
  HrvEstimator,
  hrvFeatures,
  type HrvModel,
} from "../../../../src/vitals/hrv/estimator.ts";
import type { BvpWindow } from "../../../../src/vitals/estimate_context.ts";
import type { Hrv } from "../../../../src/vitals/estimate.ts";
import { Random } from "../../../support/random.ts";

const sampleRateHz = 30;

/** Returns a BVP with NN intervals that vary by 20 ms and noise, and the RMSSD of the intervals. */
function pulseOf(
  { seconds, noise, variationS = 0.02 }: { seconds: number; noise: number; variationS?: number },
): { bvp: Float64Array; rmssd: number } {
  const random = new Random(11);
  const nn = Array.from({ length: 200 }, () => 0.85 + variationS * random.normal());
  const differences = nn.slice(1).map((interval, k) => 1000 * (interval - nn[k]!));
  const rmssd = Math.sqrt(differences.reduce((s, d) => s + d * d, 0) / differences.length);
  let beat = 0, start = 0;
  const bvp = Float64Array.from({ length: seconds * sampleRateHz }, (_, n) => {
    const time = n / sampleRateHz;
    while (time - start >= nn[beat]!) start += nn[beat++]!;
    const phase = 2 * Math.PI * (time - start) / nn[beat]!;
    return Math.sin(phase) + 0.2 * Math.sin(2 * phase) + noise * random.normal();
  });
  return { bvp, rmssd };
}

/** Returns the variability after each window of ten seconds, at intervals of half a second. */
function hrvOf(
  { noise = 0, variationS, confidence = 0.99, snrDb = 12, fps = 30, seconds = 60, model }: {
    noise?: number;
    variationS?: number;
    model?: HrvModel;
    confidence?: number;
    snrDb?: number;
    fps?: number | ((endS: number) => number);
    seconds?: number;
  },
): { values: (Hrv | undefined)[]; rmssd: number } {
  const estimator = new HrvEstimator(model ? { model } : {});
  const { bvp, rmssd } = pulseOf({
    seconds,
    noise,
    ...(variationS === undefined ? {} : { variationS }),
  });
  const values: (Hrv | undefined)[] = [];
  for (let end = 10 * sampleRateHz; end <= bvp.length; end += sampleRateHz / 2) {
    const from = end - 10 * sampleRateHz;
    const window: BvpWindow = {
      bvp: bvp.slice(from, end),
      startUs: 1 + (from * 1e6) / sampleRateHz,
      sampleRateHz,
      rate: 70,
      confidence,
      snrDb,
    };
    estimator.push(window, { fps: typeof fps === "number" ? fps : fps(end / sampleRateHz) });
    values.push(estimator.hrv);
  }
  return { values, rmssd };
}

Deno.test("HrvEstimator reports the variability of a clean pulse after half a minute", () => {
  const { values, rmssd } = hrvOf({});
  const first = values.findIndex(Boolean) / 2 + 10;
  assert.ok(first > 30 && first < 36, `first after ${first} s`);
  const last = values.at(-1)!;
  assert.ok(Math.abs(last.rmssd - rmssd) < 6, `${last.rmssd} instead of ${rmssd}`);
  assert.ok(Math.abs(last.meanNn - 850) < 6, `${last.meanNn}`);
  assert.ok(last.confidence >= 0.9);
});

Deno.test("HrvEstimator withholds the variability with noise, low confidence or few frames", () => {
  assert.ok(hrvOf({ noise: 0.5, snrDb: 3 }).values.every((hrv) => !hrv), "noise");
  assert.ok(hrvOf({ confidence: 0.8 }).values.every((hrv) => !hrv), "low confidence");
  assert.ok(hrvOf({ fps: 15 }).values.every((hrv) => !hrv), "few frames");
  assert.ok(hrvOf({ seconds: 28 }).values.every((hrv) => !hrv), "too short");
});

Deno.test("HrvEstimator withholds a small RMSSD that is mostly timing error", () => {
  const last = (parts: { noise: number; variationS: number }) =>
    hrvOf({ ...parts, model: constantModel(0.95) });
  assert.equal(last({ noise: 0.12, variationS: 0.002 }).values.at(-1), undefined);
  for (const parts of [{ noise: 0.12, variationS: 0.03 }, { noise: 0.01, variationS: 0.002 }]) {
    const { values, rmssd } = last(parts);
    assert.ok(Math.abs(values.at(-1)!.rmssd - rmssd) < 10, `${values.at(-1)!.rmssd} of ${rmssd}`);
  }
});

Deno.test("HrvEstimator discards beats from a period of low frame rate", () => {
  const { values } = hrvOf({ fps: (endS) => (endS > 30 && endS < 32 ? 20 : 30) });
  assert.ok(values.slice(0, 80).every((hrv) => !hrv), "reported within 18 s of lost frames");
});

/** A model whose confidence is the same for all features. */
function constantModel(confidence: number): HrvModel {
  return {
    intercept: Math.log(confidence / (1 - confidence)),
    weights: { riseJitter: 0, snr: 0, rejected: 0 },
  };
}

/** A window of a pulse of one beat per second; times in seconds. */
function windowOf(fromS: number, parts: Partial<BvpWindow> = {}): BvpWindow {
  return {
    bvp: Float64Array.from(
      { length: 10 * sampleRateHz + 1 },
      (_, k) => Math.sin(2 * Math.PI * (fromS + k / sampleRateHz)),
    ),
    startUs: 5e9 + fromS * 1e6,
    sampleRateHz,
    rate: 60,
    confidence: 0.95,
    snrDb: 10,
    ...parts,
  };
}

/** An estimator after windows every two seconds, up to one that ends at `endS`. */
function estimatorAt(
  endS: number,
  { model = constantModel(0.95), fps = 30, partsOf = () => ({}) }: {
    model?: HrvModel;
    fps?: number;
    partsOf?: (fromS: number) => Partial<BvpWindow> | undefined;
  } = {},
): HrvEstimator {
  const estimator = new HrvEstimator({ model });
  for (let fromS = 0.5; fromS + 10 <= endS; fromS += 2) {
    const parts = partsOf(fromS);
    if (parts) estimator.push(windowOf(fromS, parts), { fps });
  }
  return estimator;
}

Deno.test("HrvEstimator has a value from a confidence of 0.9 on", () => {
  const confidenceAt = (confidence: number) =>
    estimatorAt(50.5, { model: constantModel(confidence) }).hrv?.confidence;
  assert.equal(confidenceAt(0.89), undefined);
  assert.ok(Math.abs(confidenceAt(0.91)! - 0.91) < 1e-9);
});

Deno.test("HrvEstimator needs beats over 30 seconds", () => {
  // The first beat is at 2 s, the last one before the last second of the window.
  const hasValue = (endS: number) => estimatorAt(endS).hrv !== undefined;
  assert.deepEqual([32.5, 34.5, 36.5].map(hasValue), [false, true, true]);
});

Deno.test("HrvEstimator needs a pulse of a confidence from 0.9 on in all windows", () => {
  const hasValue = (confidence: number) =>
    estimatorAt(50.5, { partsOf: (fromS) => (fromS === 20.5 ? { confidence } : {}) }).hrv !==
      undefined;
  assert.equal(hasValue(0.89), false);
  assert.equal(hasValue(0.9), true);
});

Deno.test("HrvEstimator begins again after 2.5 seconds without a beat", () => {
  /** Windows whose beats are half a second earlier or later from 20 s on, in two windows without overlap. */
  const spanWith = (gapS: number) => {
    const estimator = new HrvEstimator({ model: constantModel(0.95) });
    for (let fromS = 0.5; fromS <= 40.5; fromS += 2) estimator.push(windowOf(fromS), { fps: 30 });
    const before = estimator.hrv!.nnCount;
    // The beats of the next window begin a second after its start.
    const lastBeatS = 49, startS = lastBeatS + gapS - 1;
    const window = windowOf(Math.round(startS) - 0.01);
    estimator.push({ ...window, startUs: window.startUs + (startS - Math.round(startS)) * 1e6 }, {
      fps: 30,
    });
    return [before, estimator.hrv?.nnCount];
  };
  assert.ok(spanWith(2.2)[1]! > 40);
  assert.equal(spanWith(2.8)[1], undefined);
});

Deno.test("HrvEstimator needs 24 frames per second, and discards earlier beats below", () => {
  assert.ok(estimatorAt(50.5, { fps: 24 }).hrv);
  assert.equal(estimatorAt(50.5, { fps: 23.9 }).hrv, undefined);
  const estimator = estimatorAt(50.5);
  assert.deepEqual(estimator.push(windowOf(52.5), { fps: 20 }), []);
  assert.equal(estimator.hrv, undefined);
  estimator.push(windowOf(54.5), { fps: 30 });
  assert.equal(estimator.hrv, undefined);
});

Deno.test("HrvEstimator withholds the variability if over a tenth of the intervals are artefacts", () => {
  /** Every `period` seconds a beat is missing. */
  const fractionWith = (period: number) => {
    const partsOf = (fromS: number) => ({
      bvp: windowOf(fromS).bvp.map((value, k) =>
        Math.floor(fromS + k / sampleRateHz) % period === 0 ? 0.05 * value : value
      ),
    });
    return estimatorAt(50.5, { partsOf }).hrv?.artifactFraction;
  };
  assert.ok(fractionWith(15)! > 0.02, `${fractionWith(15)}`);
  assert.equal(fractionWith(5), undefined);
});

Deno.test("HrvEstimator.push() returns new beats, and keeps its value without one", () => {
  const estimator = estimatorAt(50.5);
  const { hrv } = estimator;
  assert.deepEqual(estimator.push(windowOf(40.5), { fps: 30 }), []);
  assert.equal(estimator.hrv, hrv);
  assert.equal(estimator.push(windowOf(42.5), { fps: 30 }).length, 2);
  estimator.reset();
  assert.equal(estimator.hrv, undefined);
  assert.equal(estimator.push(windowOf(0.5), { fps: 30 }).length, 8);
});

/** Beats once a second whose rise times and SNRs are given. */
function beatsOf(riseMs: readonly number[], snrDb: (index: number) => number = () => 5): Beat[] {
  return riseMs.map((rise, k) => ({
    timeUs: 1e6 * k,
    height: 1,
    riseMs: rise,
    confidence: 1,
    snrDb: snrDb(k),
  }));
}

Deno.test("hrvFeatures() has the logarithm of the changes of the rise time, and the mean SNR", () => {
  const { riseJitter, snr, rejected } = hrvFeatures(beatsOf([200, 203, 199, 199, 211, 211]))!;
  // The root mean square of 3, -4, 0, 12 and 0 is √(169/5).
  assert.ok(Math.abs(riseJitter - Math.log(1 + Math.sqrt(169 / 5))) < 1e-9);
  assert.deepEqual([snr, rejected], [5, 0]);
  const snrOf = (db: number) => hrvFeatures(beatsOf([1, 1, 1, 1], () => db))!.snr;
  assert.deepEqual([-5.5, -4.5, 18, 22].map(snrOf), [-5, -4.5, 18, 20]);
  assert.equal(hrvFeatures(beatsOf([1, 1, 1, 1], (k) => 2 * k))!.snr, 3);
});

Deno.test("hrvFeatures() has the fraction of artefacts, and is undefined with too few beats", () => {
  const beats = beatsOf(Array.from({ length: 21 }, () => 200));
  const missed = beats.toSpliced(10, 1);
  assert.ok(Math.abs(hrvFeatures(missed)!.rejected - 1 / 19) < 1e-9);
  assert.equal(hrvFeatures(beats.slice(0, 3)), undefined);
  assert.ok(hrvFeatures(beats.slice(0, 4)));
});

Deno.test("HrvEstimator has the confidence of its model by all features", () => {
  const confidenceWith = (weights: HrvModel["weights"]) =>
    estimatorAt(50.5, { model: { intercept: 3, weights } }).hrv!.confidence;
  // A clean pulse has a mean SNR of 10 dB and nothing rejected.
  const logit = (confidence: number) => Math.log(confidence / (1 - confidence));
  assert.ok(Math.abs(logit(confidenceWith({ riseJitter: 0, snr: 0.2, rejected: 0 })) - 5) < 1e-6);
  assert.ok(Math.abs(logit(confidenceWith({ riseJitter: 0, snr: 0, rejected: 9 })) - 3) < 1e-6);
});

Deno.test("beatTimesS() has the times of beats in seconds", () => {
  assert.deepEqual(beatTimesS(beatsOf([1, 1, 1])), [0, 1, 2]);
});
