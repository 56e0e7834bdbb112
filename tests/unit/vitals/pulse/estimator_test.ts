import assert from "node:assert/strict";
import { NEGATIVES } from "../../../../scripts/fit/negatives.ts";
import { monotonicUs } from "../../../../src/base/time.ts";
import { PulseEstimator } from "../../../../src/vitals/pulse/estimator.ts";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";
import { constantModel } from "../../../support/pulse_models.ts";
import { faceSamples } from "../../../support/face_samples.ts";
import { Random } from "../../../support/random.ts";

/** Excluded kind: a broad spectral peak is a loose rhythm, which resembles a pulse by its nature. */
const LOOSE_RHYTHM = "one signal, a broad spectral peak";

Deno.test("PulseEstimator publishes under one in a hundred windows of input without a pulse", () => {
  let windows = 0;
  const published: string[] = [];
  for (const [kind, { name, make }] of NEGATIVES.entries()) {
    if (name === LOOSE_RHYTHM) continue;
    for (let index = 0; index < 2; index++) {
      const estimator = new PulseEstimator();
      let nextUs = 10e6;
      for (const sample of make(new Random(3_000_000 + 1_000 * kind + index), 25)) {
        estimator.push(sample);
        const { strict } = estimator.estimate();
        if (sample.timeUs < nextUs) continue;
        nextUs += 1e6;
        windows++;
        if (strict) published.push(`${name}: ${strict.value}`);
      }
    }
  }
  assert.ok(NEGATIVES.some(({ name }) => name === LOOSE_RHYTHM));
  assert.ok(windows > 900, `${windows}`);
  assert.ok(published.length < 0.01 * windows, published.join("\n"));
});

Deno.test("PulseEstimator publishes every window of a clear pulse", () => {
  for (const [seed, pulse] of [45, 60, 72, 90, 120, 165].entries()) {
    const estimator = new PulseEstimator();
    for (const sample of faceSamples({ pulse: () => pulse, noise: 0.1, seed, seconds: 40 })) {
      estimator.push(sample);
      const { strict, withheld } = estimator.estimate();
      if (sample.timeUs < 5e6) continue;
      assert.ok(strict, `${pulse} after ${sample.timeUs / 1e6} s: ${withheld}`);
      assert.ok(Math.abs(strict.value - pulse) < 1, `${strict.value} instead of ${pulse}`);
    }
  }
});

Deno.test("PulseEstimator needs a confidence of 0.9 at twice the breathing rate", () => {
  const windows = { published: 0, withheld: 0 };
  for (const noise of [0.1, 0.9, 1.2]) {
    for (let seed = 0; seed < 6; seed++) {
      const [reference, breathing] = [new PulseEstimator(), new PulseEstimator()];
      for (const sample of faceSamples({ pulse: () => 56, noise, seed, seconds: 15 })) {
        reference.push(sample);
        breathing.push(sample);
        const { strict } = reference.estimate();
        const estimate = breathing.estimate({ breathsPerMinute: 28.3 });
        if (!strict || Math.abs(strict.value - 56) > 2) continue;
        if (estimate.strict) {
          windows.published++;
          // Of a higher one, 0.89 is left after a window that seemed irregular.
          assert.ok(estimate.strict.confidence >= 0.89, `${estimate.strict.confidence}`);
        } else if (estimate.withheld === "motion") windows.withheld++;
      }
    }
  }
  assert.ok(windows.published > 100 && windows.withheld > 10, JSON.stringify(windows));
});

Deno.test("PulseEstimator clamps a rate just outside the range and withholds one further out", () => {
  const last = (pulse: number) =>
    estimatesOf(faceSamples({ pulse: () => pulse, seconds: 12 })).at(-1)!;
  assert.equal(last(29.7).strict?.value, 30);
  assert.equal(last(220.3).strict?.value, 220);
  for (const pulse of [28.5, 222]) assert.equal(last(pulse).strict, undefined, `${pulse}`);
});

/**
 * The estimates at each sample, with the time in microseconds. Up to the fourth, no multiple of the
 * breathing rate is in the range of a pulse.
 */
function estimatesOf(samples: Iterable<RegionSample>, estimator = new PulseEstimator()) {
  return Array.from(samples, (sample) => {
    estimator.push(sample);
    return { timeUs: sample.timeUs, ...estimator.estimate({ breathsPerMinute: 6 }) };
  });
}

Deno.test("PulseEstimator publishes a rate from a confidence of 0.7 on", () => {
  const last = (confidence: number) =>
    estimatesOf(
      faceSamples({ seconds: 8 }),
      new PulseEstimator({ model: constantModel(confidence) }),
    ).at(-1)!;
  assert.equal(last(0.699).withheld, "low_quality");
  assert.ok(Math.abs(last(0.701).strict!.confidence - 0.701) < 1e-9);
});

Deno.test("PulseEstimator publishes 30 to 220 beats/min as they are", () => {
  for (const rate of [30.3, 31, 36, 39.4, 39.6, 40.3, 41, 178, 180.3, 180.7, 190, 205, 219.7]) {
    const { strict } = estimatesOf(faceSamples({ pulse: () => rate, seconds: 12 })).at(-1)!;
    assert.ok(Math.abs(strict!.value - rate) < 0.15, `${strict?.value} instead of ${rate}`);
  }
});

Deno.test("PulseEstimator has its first window after five seconds", () => {
  const all = estimatesOf(faceSamples({ seconds: 6 }));
  const first = all.find(({ withheld }) => withheld !== "warming_up")!;
  // Assessments are half a second apart.
  assert.ok(first.timeUs >= 4_950_000 && first.timeUs < 5_040_000, `${first.timeUs}`);
});

/** Intervals between assessments in seconds, rounded to tenths, from a time on. */
function intervalsFrom(fromS: number, confidence: number, pulse?: (timeS: number) => number) {
  const times = estimatesOf(
    faceSamples({ seconds: 24, ...(pulse ? { pulse } : {}) }),
    new PulseEstimator({ model: constantModel(confidence) }),
  ).flatMap(({ rate }) => rate.map(({ timeUs }) => timeUs)).filter((timeUs) =>
    timeUs > fromS * 1e6
  );
  return times.slice(1).map((timeUs, k) => Math.round((timeUs - times[k]!) / 100_000) / 10);
}

Deno.test("PulseEstimator assesses every half second, and every second while the published rate is steady", () => {
  const [withheld, growing] = [
    intervalsFrom(0, 0.5).slice(0, 30),
    intervalsFrom(0, 0.9).slice(0, 9),
  ];
  assert.ok(withheld.length === 30 && withheld.every((seconds) => seconds === 0.5), `${withheld}`);
  assert.ok(growing.every((seconds) => seconds === 0.5), `${growing}`);
  const steady = intervalsFrom(11, 0.9);
  assert.ok(steady.length > 10 && steady.every((seconds) => seconds === 1), `${steady}`);
});

Deno.test("PulseEstimator assesses every half second while the beats change", () => {
  const step = intervalsFrom(11, 0.9, (timeS) => timeS < 15 ? 70 : 95);
  assert.ok(step.filter((seconds) => seconds === 0.5).length >= 4, `${step}`);
  const ramp = intervalsFrom(11, 0.9, (timeS) => 60 + 2 * timeS);
  assert.ok(ramp.every((seconds) => seconds === 0.5), `${ramp}`);
});

Deno.test("PulseEstimator uses a window of up to ten seconds", () => {
  const estimator = new PulseEstimator();
  const lengths = Array.from(faceSamples({ seconds: 14 }), (sample) => {
    estimator.push(sample);
    estimator.estimate();
    return estimator.wave?.bvp.length ?? 0;
  });
  assert.equal(Math.max(...lengths), 300);
  assert.equal(lengths.find((length) => length > 0), 150);
});

Deno.test("PulseEstimator starts again after a gap of over two seconds in its input", () => {
  const afterGap = (gapUs: number) => {
    const estimator = new PulseEstimator();
    const first = [...faceSamples({ seconds: 8 })];
    const lastUs = first.at(-1)!.timeUs;
    estimatesOf(first, estimator);
    // The camera delivers frames in the gap, but no region.
    for (let us = lastUs + 100_000; us < lastUs + gapUs; us += 100_000) {
      estimator.push({ ...first[0]!, timeUs: monotonicUs(us), regions: {} });
    }
    const second = faceSamples({ seconds: 1, startUs: lastUs + gapUs });
    return estimatesOf(second, estimator).at(-1)!.withheld;
  };
  assert.notEqual(afterGap(2_000_000), "warming_up");
  assert.equal(afterGap(2_000_001), "warming_up");
});

Deno.test("PulseEstimator withholds as no_face from one second after its newest input", () => {
  const withheldAfter = (us: number) => {
    const estimator = new PulseEstimator({ periodSeconds: 0.01 });
    const samples = [...faceSamples({ seconds: 8 })];
    for (const sample of samples) estimator.push(sample);
    const timeUs = monotonicUs(samples.at(-1)!.timeUs + us);
    estimator.push({ ...samples[0]!, timeUs, regions: {} });
    return estimator.estimate().withheld;
  };
  assert.notEqual(withheldAfter(1_000_000), "no_face");
  assert.equal(withheldAfter(1_000_001), "no_face");
});

Deno.test("PulseEstimator withholds as motion if the mean speed of the face is over 0.5", () => {
  const last = (speed: number) => {
    const samples = [...faceSamples({ seconds: 25 })].map((sample) => ({
      ...sample,
      face: { ...sample.face!, speed },
    }));
    return estimatesOf(samples).at(-1)!.withheld;
  };
  assert.equal(last(0.49), undefined);
  assert.equal(last(0.51), "motion");
});

Deno.test("PulseEstimator averages the speed of the face over two seconds", () => {
  // Of a speed of 1.2 the mean reaches 0.5 after 2 s · ln(1.2 / 0.7) = 1.08 s.
  const withheldAfter = (seconds: number) => {
    const moving = 10 + 1 / 30;
    const estimator = new PulseEstimator({ periodSeconds: 0.01 });
    for (const sample of faceSamples({ seconds: moving + seconds })) {
      const speed = sample.timeUs < moving * 1e6 - 1e4 ? 0 : 1.2;
      estimator.push({ ...sample, face: { ...sample.face!, speed } });
    }
    return estimator.estimate().withheld;
  };
  assert.equal(withheldAfter(1), undefined);
  assert.equal(withheldAfter(1.17), "motion");
});

Deno.test("PulseEstimator.reset() forgets the speed of the face", () => {
  const estimator = new PulseEstimator();
  for (const sample of faceSamples({ seconds: 5 })) {
    estimator.push({ ...sample, face: { ...sample.face!, speed: 30 } });
  }
  estimator.reset();
  const second = faceSamples({ seconds: 5.2, startUs: 5_000_000 });
  assert.ok(estimatesOf(second, estimator).at(-1)!.strict);
});

Deno.test("PulseEstimator never publishes half of a fast pulse, nor twice a slow one", () => {
  for (const [seed, pulse] of [31, 34, 38, 184, 195, 204, 212, 218].entries()) {
    for (const noise of [0.1, 0.4]) {
      let published = 0;
      for (
        const { timeUs, strict } of estimatesOf(
          faceSamples({ pulse: () => pulse, noise, seed, seconds: 25 }),
        )
      ) {
        if (!strict) continue;
        assert.ok(Math.abs(strict.value - pulse) < 2, `${strict.value} instead of ${pulse}`);
        if (timeUs > 10e6) published++;
      }
      if (noise === 0.1) assert.ok(published > 10 * 30, `${pulse}: ${published} estimates`);
    }
  }
});

Deno.test("PulseEstimator takes breathing that fills the skin with blood for no slow pulse", () => {
  for (const [seed, breaths] of [8, 11, 16, 18, 32, 36].entries()) {
    for (const withBreathing of [true, false]) {
      const estimator = new PulseEstimator();
      // A wave in the colors of blood, with the harmonics of a breath that is shorter in than out.
      for (const sample of faceSamples({ pulse: () => breaths, noise: 0.1, seed, seconds: 30 })) {
        estimator.push(sample);
        const known = withBreathing ? { breathsPerMinute: breaths } : {};
        const { strict } = estimator.estimate(known);
        assert.equal(strict, undefined, `${breaths}`);
      }
    }
  }
});

Deno.test("PulseEstimator finds no slow pulse in a ready signal, which may be breathing", () => {
  const ready = (rate: number) => {
    const wave = (seconds: number) => Math.sin((2 * Math.PI * rate * seconds) / 60);
    const samples = Array.from(faceSamples({ seconds: 15 }), (sample): RegionSample => ({
      ...sample,
      regions: {},
      readySignals: [wave(sample.timeUs / 1e6) + 0.3 * wave(2 * (sample.timeUs / 1e6))],
    }));
    return estimatesOf(samples).filter(({ strict }) => strict).length;
  };
  for (const rate of [16, 32, 36]) assert.equal(ready(rate), 0, `${rate}`);
  for (const rate of [48, 200]) assert.ok(ready(rate) > 100, `${rate}`);
});
