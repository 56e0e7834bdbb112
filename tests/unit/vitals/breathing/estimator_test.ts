import { monotonicUs } from "../../../../src/base/time.ts";
import assert from "node:assert/strict";
import { BreathingEstimator } from "../../../../src/vitals/breathing/estimator.ts";
import { chestSamples, estimatesOf } from "../../../support/breathing.ts";
import { Random } from "../../../support/random.ts";
import { goodSample, type SampleParts } from "../../../support/samples.ts";

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
