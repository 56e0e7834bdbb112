import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import type { RegionName, RegionSample } from "../../../../src/vision/region_sample.ts";
import {
  PulseEstimator,
  type PulseEstimatorOptions,
} from "../../../../src/vitals/pulse/estimator.ts";
import { constantModel } from "../../../support/pulse_models.ts";
import { faceSamples } from "../../../support/face_samples.ts";

const CONFIDENT = constantModel(0.9);

/** An estimator after samples that were not assessed yet. */
function after(
  samples: Iterable<RegionSample>,
  options: PulseEstimatorOptions = { model: CONFIDENT },
): PulseEstimator {
  const estimator = new PulseEstimator(options);
  for (const sample of samples) estimator.push(sample);
  return estimator;
}
const lastUs = (seconds: number) => Math.round(((seconds * 30 - 1) / 30) * 1e6);

Deno.test("PulseEstimator.wave is the fused BVP of the newest window", () => {
  const estimator = after(faceSamples({ seconds: 8 }));
  assert.equal(estimator.wave, undefined);
  const { strict } = estimator.estimate();
  const { bvp, startUs, sampleRateHz, rate, confidence, snrDb } = estimator.wave!;
  // From the first sample on, in steps of a thirtieth of a second.
  assert.equal(bvp.length, 239);
  assert.ok(Math.abs(startUs + (238 * 1e6) / 30 - lastUs(8)) < 1, `${startUs}`);
  assert.ok(Math.abs(rate - 72) < 0.5 && rate === strict!.value);
  assert.deepEqual([sampleRateHz, confidence], [30, strict!.confidence]);
  assert.equal(snrDb, estimator.assessment!.features!.snrDb);
  // The BVP rises in systole.
  const product = bvp.reduce(
    (sum, value, k) => sum + value * Math.sin(2 * Math.PI * 1.2 * (k + 1) / 30),
    0,
  );
  assert.ok(product > 0, `${product}`);
});

Deno.test("PulseEstimator has no wave after its input has ended", () => {
  const samples = [...faceSamples({ seconds: 8 })];
  const estimator = after(samples);
  estimator.estimate();
  const timeUs = monotonicUs(samples.at(-1)!.timeUs + 1_500_000);
  estimator.push({ ...samples[0]!, timeUs, regions: {} });
  assert.equal(estimator.estimate().withheld, "no_face");
  assert.deepEqual([estimator.wave, estimator.assessment!.confidence], [undefined, 0]);
});

Deno.test("PulseEstimator has a window and a period of the given seconds", () => {
  const options = { model: CONFIDENT, windowSeconds: 6, periodSeconds: 0.4 };
  const estimator = new PulseEstimator(options);
  const times: number[] = [];
  for (const sample of faceSamples({ seconds: 9 })) {
    estimator.push(sample);
    for (const { timeUs } of estimator.estimate().rate) times.push(timeUs / 1e6);
  }
  assert.equal(estimator.wave!.bvp.length, 180);
  const steps = times.slice(1).map((time, k) => Math.round((time - times[k]!) * 10) / 10);
  // The window is whole after six seconds, and then every second period is enough.
  assert.deepEqual(steps, [0.4, 0.4, 0.8, 0.8, 0.8]);
});

Deno.test("PulseEstimator assesses half as often after 20 s without a published rate", () => {
  const estimator = new PulseEstimator({ model: constantModel(0.5) });
  const steps = (track: number, startUs: number) => {
    const times: number[] = [];
    for (const sample of faceSamples({ seconds: 25, startUs })) {
      estimator.push({ ...sample, face: { ...sample.face!, track } });
      for (const { timeUs } of estimator.estimate().rate) times.push((timeUs - startUs) / 1e6);
    }
    return times.slice(1).map((time, k) => ({ time, step: Math.round(10 * (time - times[k]!)) }));
  };
  for (const [track, startUs] of [[1, 0], [2, 25_000_000]] as const) {
    for (const { time, step } of steps(track, startUs)) {
      if (time < 20.3) assert.equal(step, 5, `${time}`);
      if (time > 21.3) assert.equal(step, 10, `${time}`);
    }
  }
});

Deno.test("PulseEstimator assesses twice a second for 20 s after its last published rate", () => {
  const model = { ...CONFIDENT };
  const estimator = new PulseEstimator({ model });
  const times: number[] = [];
  for (const sample of faceSamples({ seconds: 60 })) {
    if (sample.timeUs === 30_000_000) Object.assign(model, constantModel(0.5));
    estimator.push(sample);
    for (const { timeUs } of estimator.estimate().rate) times.push(timeUs / 1e6);
  }
  const between = (from: number, to: number) => times.filter((t) => t > from && t < to).length;
  assert.deepEqual([between(20.2, 30.2), between(32.2, 48.2), between(52.2, 59.2)], [10, 32, 7]);
});

Deno.test("PulseEstimator.estimate() has each rate once, and whether it is published", () => {
  for (const [confidence, stable] of [[0.6, false], [0.8, true]] as const) {
    const estimator = after(faceSamples({ seconds: 8 }), { model: constantModel(confidence) });
    const [rate, ...others] = estimator.estimate().rate;
    assert.deepEqual(others, []);
    assert.equal(rate!.timeUs, lastUs(8));
    assert.ok(Math.abs(rate!.value - 72) < 0.5 && Math.abs(rate!.confidence - confidence) < 1e-9);
    assert.equal(rate!.stable, stable);
    assert.deepEqual(estimator.estimate().rate, []);
  }
});

Deno.test("PulseEstimator.estimate() explains a low quality only, and has no rate with an obstacle", () => {
  const low = after(faceSamples({ seconds: 8 }), { model: constantModel(0.5) });
  assert.equal(low.estimate({ explanation: "too_dark" }).withheld, "too_dark");
  assert.equal(low.estimate().withheld, "low_quality");
  const early = after(faceSamples({ seconds: 3 }));
  assert.equal(early.estimate({ explanation: "too_dark" }).withheld, "warming_up");
  assert.equal(early.estimate({ obstacle: "no_face" }).withheld, "no_face");
  const good = after(faceSamples({ seconds: 8 }));
  assert.ok(good.estimate({ explanation: "too_dark" }).strict);
  const again = after(faceSamples({ seconds: 8 }));
  const { withheld, rate, strict } = again.estimate({ obstacle: "low_frame_rate" });
  assert.deepEqual([withheld, rate, strict], ["low_frame_rate", [], undefined]);
  // The rate is still new once the obstacle has gone.
  assert.equal(again.estimate().rate.length, 1);
});

Deno.test("PulseEstimator.estimate() is warming up without samples", () => {
  const { withheld, rate, trace } = new PulseEstimator().estimate();
  assert.deepEqual([withheld, rate, trace], ["warming_up", [], []]);
});

Deno.test("PulseEstimator compares with the window of ten seconds before", () => {
  const estimator = new PulseEstimator({ model: CONFIDENT });
  const known: number[] = [];
  for (const sample of faceSamples({ seconds: 18 })) {
    estimator.push(sample);
    estimator.estimate();
    if (estimator.assessment?.features?.hasHistory === 1) known.push(sample.timeUs);
  }
  // The first window is that of five seconds; assessments are up to a second apart.
  assert.ok(known[0]! >= 14.7e6 && known[0]! < 16.1e6, `${known[0]}`);
  const { historyDb } = estimator.assessment!.features!;
  assert.ok(historyDb > -1 && historyDb <= 0, `${historyDb}`);
});

/** Samples of a face of which only one region, or a given BVP, is known. */
function* samplesWith(
  parts: (sample: RegionSample, timeS: number) => Partial<RegionSample>,
): Generator<RegionSample> {
  for (const sample of faceSamples({ seconds: 7, noise: 0.01 })) {
    yield { ...sample, regions: {}, ...parts(sample, sample.timeUs / 1e6) };
  }
}

Deno.test("PulseEstimator measures a pulse from each region of skin, a network or a ready signal", () => {
  const bvp = (timeS: number) => Math.sin(2 * Math.PI * 1.2 * timeS);
  const only = (name: RegionName) =>
    samplesWith(({ regions }) => ({ regions: { [name]: regions[name]! } }));
  const inputs = [
    ...(["glabella", "forehead", "left_cheek", "right_cheek", "skin"] as const).map(only),
    samplesWith((_, timeS) => ({ networkPulse: bvp(timeS) })),
    samplesWith((_, timeS) => ({ readySignals: [bvp(timeS)] })),
  ];
  for (const [k, samples] of inputs.entries()) {
    const { strict } = after(samples).estimate();
    assert.ok(strict && Math.abs(strict.value - 72) < 1, `input ${k}: ${strict?.value}`);
  }
  for (const name of ["background", "chest"] as const) {
    assert.equal(after(only(name)).estimate().withheld, "no_face", name);
  }
  const nothing = samplesWith(() => ({ readySignals: [NaN, NaN] }));
  assert.equal(after(nothing).estimate().withheld, "no_face");
});

Deno.test("PulseEstimator warms up again for a new face, and after reset()", () => {
  const next = (estimator: PulseEstimator, track: number) => {
    for (const sample of faceSamples({ seconds: 1, startUs: 8_000_000 })) {
      estimator.push({ ...sample, face: { ...sample.face!, track } });
    }
    return estimator.estimate().withheld;
  };
  const start = () => after(faceSamples({ seconds: 8 }));
  assert.equal(next(start(), 1), undefined);
  assert.equal(next(start(), 2), "warming_up");
  const estimator = start();
  estimator.estimate();
  estimator.reset();
  assert.deepEqual([estimator.wave, estimator.assessment], [undefined, undefined]);
  assert.deepEqual(estimator.estimate().trace, []);
  assert.equal(next(estimator, 1), "warming_up");
});

Deno.test("PulseEstimator has the samples of ten seconds at 120 frames per second", () => {
  const estimator = after(faceSamples({ seconds: 12, fps: 120 }));
  estimator.estimate();
  const { bvp } = estimator.wave!;
  assert.equal(bvp.length, 300);
  const amplitude = (part: Float64Array) => Math.max(...part.map(Math.abs));
  assert.ok(
    amplitude(bvp.subarray(0, 25)) > 0.3 * amplitude(bvp),
    `${amplitude(bvp.subarray(0, 25))}`,
  );
});

Deno.test("PulseEstimator.estimate() has each sample of the trace once, and none from before a reset", () => {
  const estimator = after(faceSamples({ seconds: 2 }));
  const { trace } = estimator.estimate();
  // Eight samples are needed for the first one.
  assert.equal(trace.length, 60 - 7);
  assert.deepEqual(estimator.estimate().trace, []);
  for (const sample of faceSamples({ seconds: 1, startUs: 2_000_000 })) estimator.push(sample);
  estimator.reset();
  assert.deepEqual(estimator.estimate().trace, []);
});

Deno.test("PulseEstimator compares with no window from before a gap of over two seconds", () => {
  const hasHistory = (gapUs: number) => {
    const estimator = new PulseEstimator({ model: CONFIDENT });
    const secondUs = 9_000_000 + gapUs;
    for (
      const sample of [
        ...faceSamples({ seconds: 9 }),
        ...faceSamples({ seconds: 6.2, startUs: secondUs }),
      ]
    ) {
      estimator.push(sample);
      estimator.estimate();
    }
    return estimator.assessment!.features!.hasHistory;
  };
  assert.equal(hasHistory(1_800_000), 1);
  assert.equal(hasHistory(2_200_000), 0);
});
