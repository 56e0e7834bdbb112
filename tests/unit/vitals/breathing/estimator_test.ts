import { monotonicUs } from "../../../../src/base/time.ts";
import assert from "node:assert/strict";
import { BreathingEstimator } from "../../../../src/vitals/breathing/estimator.ts";
import { chestSamples, constantModel, estimatesOf } from "../../../support/breathing.ts";
import { Random } from "../../../support/random.ts";
import { goodFace, goodSample, type SampleParts } from "../../../support/samples.ts";

const HEIGHT = 0.004;
const sine = (rate: number) => (timeS: number) =>
  HEIGHT * Math.sin((2 * Math.PI * rate * timeS) / 60);

for (const rate of [4, 6, 8, 12, 15, 20, 24, 32, 40]) {
  Deno.test(`BreathingEstimator measures ${rate} breaths/min within 1`, () => {
    const all = estimatesOf(new BreathingEstimator(), chestSamples(75, { position: sine(rate) }));
    const reported = all.flatMap(({ timeS, estimate }) =>
      estimate.strict ? [{ timeS, ...estimate.strict }] : []
    );
    for (const { timeS, value } of reported) {
      assert.ok(Math.abs(value - rate) <= 1, `${value} after ${timeS} s`);
    }
    const firstS = reported[0]?.timeS ?? Infinity;
    const expectedS = Math.max(14, 3.2 * (60 / rate));
    assert.ok(firstS <= expectedS, `first value after ${firstS} s`);
    assert.ok(reported.length > 0.9 * all.filter(({ timeS }) => timeS > firstS).length);
  });
}

Deno.test("BreathingEstimator has either a strict value or the reason why it is withheld", () => {
  for (
    const { estimate } of estimatesOf(
      new BreathingEstimator(),
      chestSamples(30, { position: sine(15) }),
    )
  ) {
    assert.ok((estimate.strict === undefined) !== (estimate.withheld === undefined));
  }
});

Deno.test("BreathingEstimator detects an apnea from ten seconds after the last breath to the next", () => {
  const hold = (timeS: number) => sine(15)(Math.min(timeS, 45) + Math.max(0, timeS - 70));
  const all = estimatesOf(new BreathingEstimator(), chestSamples(95, { position: hold }));
  const apnea = all.flatMap(({ timeS, estimate }) =>
    estimate.apnea.map((a) => ({ timeS, detected: a.detected }))
  );
  const held = apnea.filter(({ detected }) => detected).map(({ timeS }) => timeS);
  assert.ok(held.length >= 10, `detected ${held.length} times`);
  assert.ok(Math.min(...held) > 54.5 && Math.min(...held) < 58.5, `first after ${held[0]} s`);
  assert.ok(Math.max(...held) < 74, `last after ${held.at(-1)} s`);
  const during = all.filter(({ timeS }) => timeS > 58.5 && timeS < 70);
  assert.ok(during.every(({ estimate }) => !estimate.strict));
});

Deno.test("BreathingEstimator withholds as no_chest if the chest is lost, and detects no apnea", () => {
  const lost = (timeS: number): SampleParts =>
    timeS > 45 ? { chest: { dy: 0, confidence: 0 }, nose: { dy: 0, confidence: 0 } } : {};
  const all = estimatesOf(
    new BreathingEstimator(),
    chestSamples(65, { position: sine(15), at: lost }),
  );
  assert.ok(all.every(({ estimate }) => estimate.apnea.every((a) => !a.detected)));
  assert.equal(all.at(-1)?.estimate.withheld, "no_chest");
});

Deno.test("BreathingEstimator finds neither an apnea nor a rate in a frozen image", () => {
  const frozen = (timeS: number): SampleParts =>
    timeS > 45
      ? { chest: { dy: 0, confidence: 0.8 }, nose: { dy: 0, confidence: 0.8 }, motion: 0 }
      : {};
  const all = estimatesOf(
    new BreathingEstimator(),
    chestSamples(75, { position: sine(15), at: frozen }),
  );
  assert.ok(all.every(({ estimate }) => estimate.apnea.every((a) => !a.detected)));
  assert.ok(all.filter(({ timeS }) => timeS > 57).every(({ estimate }) => !estimate.strict));
});

Deno.test("BreathingEstimator finds no breath in sensor noise", () => {
  let reported = 0, all = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    let walk = 0;
    const position = () => (walk += 0.0001 * random.normal());
    for (
      const { estimate } of estimatesOf(new BreathingEstimator(), chestSamples(60, { position }))
    ) {
      all++;
      if (estimate.strict) reported++;
      assert.ok(estimate.apnea.every((a) => !a.detected));
    }
  }
  assert.ok(reported / all < 0.01, `${reported} of ${all}`);
});

Deno.test("BreathingEstimator withholds as motion if the camera sways", () => {
  const noseToo = chestSamples(60, { position: sine(12) }).map((sample) => ({
    ...sample,
    nose: sample.chest!,
  }));
  const all = estimatesOf(new BreathingEstimator(), noseToo);
  assert.ok(all.every(({ estimate }) => !estimate.strict));
  assert.equal(all.at(-1)?.estimate.withheld, "motion");
});

Deno.test("BreathingEstimator withholds as motion if the body moves", () => {
  const random = new Random(3);
  const jump = (timeS: number): SampleParts =>
    timeS > 30 && Math.floor(timeS) % 2
      ? { chest: { dy: 0.02 * random.normal(), confidence: 0.5 } }
      : {};
  const all = estimatesOf(
    new BreathingEstimator(),
    chestSamples(50, { position: sine(15), at: jump }),
  );
  assert.equal(all.at(-1)?.estimate.withheld, "motion");
});

Deno.test("BreathingEstimator returns each sample of the upper trace once, rising with inhalation", () => {
  const samples = chestSamples(20, { position: sine(15), noise: 0 });
  const trace = estimatesOf(new BreathingEstimator(), samples).flatMap((e) =>
    e.estimate.upperTrace
  );
  const times = trace.map(({ timeUs }) => timeUs);
  assert.equal(new Set(times).size, times.length);
  assert.ok(times.length > samples.length - 10);
  const at = (timeS: number) => trace.find(({ timeUs }) => timeUs >= 1e6 + timeS * 1e6)!.value;
  assert.ok(at(9) > at(11), "inhaled at 9 s, exhaled at 11 s");
});

Deno.test("BreathingEstimator measures amplitude, baseline, ratio and line length of each breath", () => {
  // Inhalation takes 1.2 s, exhalation 2.8 s.
  const position = (timeS: number) => {
    const elapsed = timeS % 4;
    const cycle = elapsed < 1.2 ? elapsed / 2.4 : 0.5 + (elapsed - 1.2) / 5.6;
    return HEIGHT / 2 * (1 - Math.cos(2 * Math.PI * cycle));
  };
  const all = estimatesOf(new BreathingEstimator(), chestSamples(80, { position }));
  const ratios = all.flatMap((e) => e.estimate.inhaleExhaleRatio);
  const depths = all.flatMap((e) => e.estimate.amplitude);
  assert.ok(ratios.length >= 14 && ratios.length <= 20, `${ratios.length} breaths`);
  const median = (values: readonly { value: number }[]) =>
    values.map(({ value }) => value).toSorted((a, b) => a - b)[values.length >> 1]!;
  assert.ok(Math.abs(median(ratios) - 1.2 / 2.8) < 0.12, `ratio ${median(ratios)}`);
  assert.ok(Math.abs(median(depths) - HEIGHT) < 0.15 * HEIGHT, `depth ${median(depths)}`);
  // The trend lies half a breath above the end of exhalation.
  const levels = median(all.flatMap((e) => e.estimate.baseline));
  assert.ok(Math.abs(levels + HEIGHT / 2) < 0.15 * HEIGHT, `level ${levels}`);
  // The chest moves up and down once in four seconds.
  const lineLength = median(all.flatMap((e) => e.estimate.respiratoryLineLength));
  assert.ok(Math.abs(lineLength - (2 * HEIGHT) / 4) < 0.1 * HEIGHT, `line length ${lineLength}`);
});

Deno.test("BreathingEstimator.reset() discards the state of the person", () => {
  const estimator = new BreathingEstimator();
  estimatesOf(estimator, chestSamples(40, { position: sine(15) }));
  estimator.reset();
  const [first] = estimatesOf(estimator, chestSamples(1, { position: sine(15) }));
  assert.equal(first?.estimate.withheld, "warming_up");
});

Deno.test("BreathingEstimator is in range, finite and in order of time for any samples", () => {
  const estimator = new BreathingEstimator();
  const random = new Random(99);
  let timeUs = 1_000_000, lastUs = -Infinity;
  for (let k = 0; k < 4000; k++) {
    timeUs += Math.round(
      random.uniform() < 0.01 ? 3e6 * random.uniform() : 33_333 * random.uniform(),
    );
    const dy = random.uniform() < 0.02 ? NaN : 0.001 * random.normal();
    const seen = random.uniform() < 0.95;
    estimator.push(goodSample({
      timeUs: monotonicUs(timeUs),
      sequence: k,
      ...(seen ? { chest: { dy, confidence: random.uniform() } } : { chest: undefined! }),
    }));
    if (k % 7) continue;
    const estimate = estimator.estimate({ nowUs: monotonicUs(timeUs), fps: 30 * random.uniform() });
    const { strict, rate, upperTrace } = estimate;
    assert.ok((strict === undefined) !== (estimate.withheld === undefined));
    for (const { value } of [...(strict ? [strict] : []), ...rate]) {
      assert.ok(value > 3 && value < 45, `${value}`);
    }
    for (const sample of upperTrace) {
      assert.ok(Number.isFinite(sample.value) && sample.timeUs > lastUs);
      lastUs = sample.timeUs;
    }
  }
});

Deno.test("BreathingEstimator has a rate from the third of estimates at intervals of five seconds", () => {
  const estimator = new BreathingEstimator();
  const reported: number[] = [];
  for (const [k, sample] of chestSamples(40, { position: sine(15) }).entries()) {
    estimator.push(sample);
    if (k % 150 || k === 0) continue;
    if (estimator.estimate({ nowUs: sample.timeUs, fps: 30 }).strict) reported.push(k / 30);
  }
  assert.deepEqual(reported, [15, 20, 25, 30, 35]);
});

const NO_NOSE: SampleParts = { nose: undefined! };

/** The estimates of a chest that breathes 15 times a minute, by a model of constant confidence. */
function withConfidence(
  confidence: number,
  { seconds = 30, at = () => NO_NOSE, position = sine(15), fps = 30 }: {
    seconds?: number;
    at?: (timeS: number) => SampleParts;
    position?: (timeS: number) => number;
    fps?: number;
  } = {},
) {
  const estimator = new BreathingEstimator({ model: constantModel(confidence) });
  return estimatesOf(estimator, chestSamples(seconds, { position, at, fps }));
}

Deno.test("BreathingEstimator has a strict value from a confidence of 0.7 on", () => {
  const last = (confidence: number) => withConfidence(confidence).at(-1)!.estimate;
  assert.equal(last(0.699).withheld, "low_quality");
  assert.equal(last(0.699).strict, undefined);
  assert.ok(Math.abs(last(0.701).strict!.confidence - 0.701) < 1e-9);
});

Deno.test("BreathingEstimator uses the nose from a confidence of 0.3 to 0.95", () => {
  // All windows of the chest agree; the nose has one window only, so its quality is higher.
  const modelOf = (confidence: number) => {
    const { intercept, weights } = constantModel(confidence);
    return { intercept: intercept + 4, weights: { ...weights, accord: -4 } };
  };
  const raised = (confidence: number) => {
    const estimator = new BreathingEstimator({ model: modelOf(confidence) });
    const rates = estimatesOf(estimator, chestSamples(26, { position: sine(15) }))
      .flatMap(({ estimate }) => estimate.rate);
    return rates.at(-1)!.confidence > confidence + 1e-9;
  };
  assert.deepEqual([0.295, 0.305, 0.945, 0.955].map(raised), [false, true, true, false]);
});

Deno.test("BreathingEstimator calls a low confidence warming up until 20 s have passed", () => {
  const all = withConfidence(0.5);
  const end = all.findLast(({ estimate }) => estimate.withheld === "warming_up")!;
  // A second may pass until the next analysis.
  assert.ok(end.timeS > 19.5 && end.timeS < 21, `${end.timeS}`);
});

Deno.test("BreathingEstimator has the first rate after 8 s, and a strict value 1.9 s later", () => {
  const all = withConfidence(0.9, { position: sine(24) });
  const rate = all.find(({ estimate }) => estimate.rate.length > 0)!;
  assert.ok(rate.timeS >= 7.9 && rate.timeS < 9, `${rate.timeS}`);
  const strict = all.find(({ estimate }) => estimate.strict)!;
  // Analyses are one second apart.
  assert.ok(strict.timeS - rate.timeS >= 1.9 && strict.timeS - rate.timeS < 2.1);
});

Deno.test("BreathingEstimator needs readings over 1.9 s that differ by up to 2 breaths/min", () => {
  const strictAfter = (intervalS: number) => {
    const estimator = new BreathingEstimator({ model: constantModel(0.9) });
    let estimates = 0, nextUs = 1e6 + 12e6;
    for (const sample of chestSamples(30, { position: sine(15), at: () => NO_NOSE })) {
      estimator.push(sample);
      if (sample.timeUs < nextUs) continue;
      nextUs += intervalS * 1e6;
      estimates++;
      if (estimator.estimate({ nowUs: sample.timeUs, fps: 30 }).strict) return estimates;
    }
  };
  assert.equal(strictAfter(1.8), 3);
  assert.equal(strictAfter(2), 2);
});

Deno.test("BreathingEstimator withholds as no_chest if it is tracked in under half of two seconds", () => {
  const last = (share: number) =>
    withConfidence(0.9, {
      at: (timeS) =>
        Math.round(timeS * 30) % 20 < 20 * share ? NO_NOSE : { ...NO_NOSE, chest: undefined! },
    }).at(-1)!.estimate.withheld;
  assert.equal(last(0.45), "no_chest");
  assert.notEqual(last(0.55), "no_chest");
  // After the chest was lost, one of two seconds is left.
  const lost = withConfidence(0.9, {
    at: (timeS) => timeS < 25 ? NO_NOSE : { ...NO_NOSE, chest: undefined! },
  }).find(({ estimate }) => estimate.withheld === "no_chest")!;
  assert.ok(lost.timeS > 25.9 && lost.timeS < 27.1, `${lost.timeS}`);
});

Deno.test("BreathingEstimator withholds as motion if over a tenth of the samples has motion", () => {
  const last = (share: number) =>
    withConfidence(0.9, {
      at: (timeS) => ({
        ...NO_NOSE,
        ...(Math.round(timeS * 30) % 300 < 300 * share ? { face: goodFace({ speed: 1 }) } : {}),
      }),
    }).at(-1)!.estimate.withheld;
  assert.notEqual(last(0.09), "motion");
  assert.equal(last(0.11), "motion");
});

Deno.test("BreathingEstimator withholds as low_frame_rate under five frames per second", () => {
  const withFps = (fps: number) => {
    const estimator = new BreathingEstimator({ model: constantModel(0.9) });
    for (const sample of chestSamples(30, { position: sine(15), at: () => NO_NOSE })) {
      estimator.push(sample);
    }
    const nowUs = monotonicUs(31e6);
    return estimator.estimate({ nowUs, fps }).withheld;
  };
  assert.equal(withFps(4.99), "low_frame_rate");
  assert.notEqual(withFps(5), "low_frame_rate");
});

Deno.test("BreathingEstimator withholds breaths of under 1e-4 of the image height", () => {
  const last = (depth: number) => {
    const estimator = new BreathingEstimator({ model: constantModel(0.9) });
    const position = (timeS: number) => (sine(15)(timeS) * depth) / (2 * HEIGHT);
    const samples = chestSamples(30, { position, noise: 0, at: () => NO_NOSE });
    return estimatesOf(estimator, samples).at(-1)!.estimate;
  };
  // The filters keep 0.93 of the depth.
  assert.equal(last(1.03e-4).withheld, "low_quality");
  assert.ok(last(1.12e-4).strict);
});

Deno.test("BreathingEstimator analyzes the trace once per second", () => {
  const times = withConfidence(0.9).flatMap(({ estimate }) =>
    estimate.rate.map(({ timeUs }) => timeUs)
  );
  const steps = times.slice(1).map((timeUs, k) => timeUs - times[k]!);
  assert.ok(steps.length > 15);
  assert.ok(steps.every((us) => us >= 1_000_000 && us < 1_040_000), `${steps}`);
});

Deno.test("BreathingEstimator withholds the rate as camera_disconnected, and needs new readings", () => {
  const estimator = new BreathingEstimator({ model: constantModel(0.9) });
  const samples = chestSamples(20, { position: sine(15), at: () => NO_NOSE });
  assert.ok(estimatesOf(estimator, samples).at(-1)!.estimate.strict);
  const context = { nowUs: monotonicUs(23e6), fps: 30 } as const;
  const { withheld } = estimator.estimate({ ...context, obstacle: "camera_disconnected" });
  assert.equal(withheld, "camera_disconnected");
  assert.equal(estimator.estimate(context).strict, undefined);
});

Deno.test("BreathingEstimator follows a new rate from a confidence of 0.6 and 0.35 of the depth on", () => {
  /**
   * Four seconds before the end: 17 s ago the rate has changed, which only the shortest window shows.
   * 0 without a rate, as breaths that are too shallow are a pause.
   */
  const confidenceWith = (confidence: number, depth: number) => {
    const all = withConfidence(confidence, {
      seconds: 60,
      position: (timeS) => timeS < 42 ? sine(10)(timeS) : depth * sine(24)(timeS - 42),
    });
    const rates = all.flatMap(({ estimate }) => estimate.rate);
    return rates.find(({ timeUs }) => timeUs > 56e6 && timeUs < 57.5e6)?.confidence ?? 0;
  };
  assert.equal(confidenceWith(0.58, 1), 0);
  assert.ok(Math.abs(confidenceWith(0.62, 1) - 0.62) < 1e-9);
  assert.equal(confidenceWith(0.8, 0.33), 0);
  assert.ok(Math.abs(confidenceWith(0.8, 0.37) - 0.8) < 1e-9);
});

Deno.test("BreathingEstimator keeps the newest 150 to 300 samples of a trace without a reader", () => {
  const traceAfter = (count: number) => {
    const estimator = new BreathingEstimator({ model: constantModel(0.9) });
    const samples = chestSamples(30, { position: sine(15) }).slice(0, count);
    for (const sample of samples) estimator.push(sample);
    const newestUs = samples.at(-1)!.timeUs;
    const { upperTrace } = estimator.estimate({ nowUs: newestUs, fps: 30 });
    assert.equal(upperTrace.at(-1)?.timeUs, newestUs);
    return upperTrace.length;
  };
  assert.deepEqual([1, 300, 301, 330, 451].map(traceAfter), [1, 300, 151, 180, 151]);
});

Deno.test("BreathingEstimator.estimate() has each sample of the trace once", () => {
  const all = withConfidence(0.9, { seconds: 5 });
  const times = all.flatMap(({ estimate }) => estimate.upperTrace.map(({ timeUs }) => timeUs));
  assert.equal(new Set(times).size, times.length);
  assert.ok(times.length > 140);
});

Deno.test("BreathingEstimator marks a rate as stable from a confidence of 0.7 on", () => {
  for (const [confidence, stable] of [[0.69, false], [0.71, true]] as const) {
    const rates = withConfidence(confidence).flatMap(({ estimate }) => estimate.rate);
    const last = rates.at(-1)!;
    assert.equal(last.stable, stable);
    assert.ok(Math.abs(last.value - 15) < 0.2 && Math.abs(last.confidence - confidence) < 1e-9);
    // The first rate has no other to agree with.
    assert.deepEqual([rates[0]!.stable, rates[0]!.confidence], [false, 0]);
  }
});

Deno.test("BreathingEstimator measures each breath once, while the rate is stable", () => {
  const all = withConfidence(0.9, { seconds: 40, position: sine(15) });
  const breaths = all.flatMap(({ estimate }) => estimate.amplitude);
  const steps = breaths.slice(1).map(({ timeUs }, k) => (timeUs - breaths[k]!.timeUs) / 1e6);
  assert.ok(breaths.length >= 7 && steps.every((step) => Math.abs(step - 4) < 0.4), `${steps}`);
  for (const { value } of breaths.slice(2)) assert.ok(Math.abs(value / (2 * HEIGHT) - 1) < 0.15);
  const ratios = all.flatMap(({ estimate }) => estimate.inhaleExhaleRatio);
  const levels = all.flatMap(({ estimate }) => estimate.baseline);
  assert.deepEqual(
    [ratios, levels].map((list) => list.map(({ timeUs }) => timeUs)),
    [breaths, breaths]
      .map((list) => list.map(({ timeUs }) => timeUs)),
  );
  const lengths = all.flatMap(({ estimate }) => estimate.respiratoryLineLength);
  // Once a second: twice the depth of 8 mm in each breath of 4 s.
  assert.ok(lengths.length >= 25, `${lengths.length}`);
  assert.ok(Math.abs(lengths.at(-1)!.value / HEIGHT - 1) < 0.1, `${lengths.at(-1)!.value}`);
  const withheld = withConfidence(0.6, { seconds: 40 });
  assert.ok(withheld.every(({ estimate }) => estimate.amplitude.length === 0));
});

Deno.test("BreathingEstimator finds an apnea only while the chest was tracked in 0.9 of ten seconds", () => {
  const detected = (share: number) => {
    const hold = (timeS: number) => sine(15)(Math.min(timeS, 45));
    const at = (timeS: number): SampleParts =>
      timeS > 40 && Math.round(timeS * 30) % 20 >= 20 * share
        ? { ...NO_NOSE, chest: undefined! }
        : NO_NOSE;
    return withConfidence(0.9, { seconds: 60, position: hold, at })
      .some(({ estimate }) => estimate.apnea.some((a) => a.detected));
  };
  assert.equal(detected(0.95), true);
  assert.equal(detected(0.85), false);
});

Deno.test("BreathingEstimator finds no apnea while there is an obstacle", () => {
  const hold = (timeS: number) => sine(15)(Math.min(timeS, 45));
  const estimator = new BreathingEstimator({ model: constantModel(0.9) });
  let found = 0;
  for (const [k, sample] of chestSamples(60, { position: hold, at: () => NO_NOSE }).entries()) {
    estimator.push(sample);
    if (k % 6) continue;
    const obstacle = sample.timeUs > 50e6 ? { obstacle: "no_face" } as const : {};
    const { apnea, withheld } = estimator.estimate({ nowUs: sample.timeUs, fps: 30, ...obstacle });
    if (sample.timeUs > 50e6) assert.equal(withheld, "no_face");
    found += apnea.filter(({ detected }) => detected).length;
  }
  assert.equal(found, 0);
});
