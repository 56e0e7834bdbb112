import assert from "node:assert/strict";
import { PULSE_REFERENCE, waveformReference } from "../../../../src/validation/reference.ts";
import { column, parseTable, timesOf } from "../../../../src/validation/table.ts";
import { traceSamples } from "../../../../src/validation/trace.ts";
import { runWindows } from "../../../../src/validation/windows.ts";
import { createVitalsEngine } from "../../../../src/vitals/engine.ts";
import { PulseEstimator } from "../../../../src/vitals/pulse/estimator.ts";
import { RateNetwork } from "../../../../src/vitals/pulse/rate_network/rate_network.ts";
import { type FaceOptions, faceSamples } from "../../../support/face_samples.ts";
import { Random } from "../../../support/random.ts";
import { testWithShared } from "../../../support/shared_data.ts";

/** Faces whose pulse is weak in the noise of the sensor, as that of dark skin in little light. */
const WEAK = { amplitude: 0.0005, noise: 0.17, seconds: 40 } as const;
const SEEDS = [1, 2, 3, 4, 5, 6];

/** Values of several faces, one a second from the 20th on: all, and those within 3 of the truth. */
function valuesOf(face: FaceOptions, { rateNetwork }: { rateNetwork?: RateNetwork } = {}) {
  const counts = { windows: 0, published: 0, right: 0 };
  for (const seed of SEEDS) {
    const rate = 50 + 15 * seed;
    const estimator = new PulseEstimator({ rateNetwork });
    for (const [k, sample] of [...faceSamples({ ...face, seed, pulse: () => rate })].entries()) {
      estimator.push(sample);
      if (k % 30 !== 29) continue;
      const { strict } = estimator.estimate();
      if (k < 600) continue;
      counts.windows++;
      if (!strict) continue;
      counts.published++;
      if (Math.abs(strict.value - rate) <= 3) counts.right++;
    }
  }
  return counts;
}

Deno.test("PulseEstimator publishes weak pulses with a rate network that it withholds without", async () => {
  using rateNetwork = await RateNetwork.open();
  const [alone, together] = [valuesOf(WEAK), valuesOf(WEAK, { rateNetwork })];
  const figures = JSON.stringify({ alone, together });
  assert.ok(together.published >= 1.2 * alone.published, figures);
  assert.ok(together.right >= 0.97 * together.published, figures);
});

Deno.test("PulseEstimator publishes nothing of faces without a pulse with a rate network", async () => {
  using rateNetwork = await RateNetwork.open();
  const { windows, published } = valuesOf({ ...WEAK, amplitude: 0 }, { rateNetwork });
  assert.ok(published <= 0.02 * windows, `${published} of ${windows}`);
});

Deno.test("PulseEstimator starts anew for another face with a rate network", async () => {
  using rateNetwork = await RateNetwork.open();
  const estimator = new PulseEstimator({ rateNetwork });
  const persons = [
    { track: 1, pulse: () => 62, startUs: 0 },
    { track: 2, pulse: () => 98, startUs: 25_000_000 },
  ];
  const values = persons.map(({ track, ...face }) => {
    const published: number[] = [];
    for (const sample of faceSamples({ ...face, seconds: 25 })) {
      estimator.push({ ...sample, face: { ...sample.face!, track } });
      const { strict } = estimator.estimate();
      if (strict) published.push(strict.value);
    }
    return published;
  });
  assert.ok(values[0]!.length > 0 && values[0]!.every((value) => Math.abs(value - 62) < 1));
  assert.ok(values[1]!.length > 0 && values[1]!.every((value) => Math.abs(value - 98) < 1));
});

/** A heart whose intervals vary by 22 %: its rate at a time, in beats/min, and its beats until then. */
function fibrillatingHeart(seed: number) {
  const random = new Random(seed);
  const ends = [0];
  while (ends.at(-1)! < 60) {
    ends.push(ends.at(-1)! + (0.5 + 0.03 * seed) * Math.exp(0.22 * random.normal()));
  }
  const beatAt = (seconds: number) => ends.findIndex((end) => end > seconds);
  const interval = (beat: number) => ends[beat]! - ends[beat - 1]!;
  return {
    pulse: (seconds: number) => 60 / interval(beatAt(seconds)),
    beatsUntil: (seconds: number) => {
      const beat = beatAt(seconds);
      return beat - (ends[beat]! - seconds) / interval(beat);
    },
  };
}

Deno.test("PulseEstimator is certain of no wrong rate of a fibrillating heart", async () => {
  using rateNetwork = await RateNetwork.open();
  let values = 0;
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const { pulse, beatsUntil } = fibrillatingHeart(seed);
    const estimator = new PulseEstimator({ rateNetwork });
    const face = { pulse, seed, noise: 0.1 * (seed % 3), seconds: 40 };
    for (const [k, sample] of [...faceSamples(face)].entries()) {
      estimator.push(sample);
      if (k % 30 !== 0) continue;
      const { strict } = estimator.estimate();
      if (!strict || k < 11 * 30) continue;
      values++;
      const beats = beatsUntil(k / 30) - beatsUntil(k / 30 - strict.windowS);
      const error = Math.abs(strict.value - 60 * beats / strict.windowS);
      assert.ok(strict.confidence < 0.9 || error <= 5, `heart ${seed} at ${k / 30} s: ${error}`);
    }
  }
  assert.ok(values > 30, `${values} values`);
});

Deno.test("PulseEstimator follows a ramp of 2 beats/min per second in noise", async () => {
  using rateNetwork = await RateNetwork.open();
  const [startS, endS] = [20, 50];
  const RAMP_SEEDS = [1, 2, 3];
  for (const [from, to, noise] of [[150, 90, 0.2], [60, 120, 0.3]] as const) {
    const pulse = (seconds: number) =>
      from + (to - from) * Math.min(1, Math.max(0, (seconds - startS) / (endS - startS)));
    let offS = 0;
    for (const seed of RAMP_SEEDS) {
      const estimator = new PulseEstimator({ rateNetwork });
      for (const [k, sample] of [...faceSamples({ pulse, noise, seed, seconds: 60 })].entries()) {
        estimator.push(sample);
        if (k % 6 !== 5) continue;
        const { strict } = estimator.estimate();
        if (strict && Math.abs(strict.value - pulse(k / 30)) > 5) offS += 0.2 / RAMP_SEEDS.length;
      }
    }
    assert.ok(offS < 4, `${from} to ${to}: off for ${offS} s`);
  }
});

Deno.test("PulseEstimator gives no old rate as certain for over 2.4 s after a step", async () => {
  using rateNetwork = await RateNetwork.open();
  const STEP_S = 18.3;
  for (const [from, to] of [[65, 80], [90, 75], [70, 85], [60, 90], [110, 70]] as const) {
    const estimator = new PulseEstimator({ rateNetwork });
    const pulse = (seconds: number) => seconds < STEP_S ? from : to;
    let lastS = 0;
    for (const [k, sample] of [...faceSamples({ pulse, seconds: 30 })].entries()) {
      estimator.push(sample);
      if (k % 6 !== 5) continue;
      const { strict, rate } = estimator.estimate();
      const certain = rate.filter(({ confidence }) => confidence >= 0.7);
      const values = [...strict ? [strict] : [], ...certain].map(({ value }) => value);
      if (values.some((value) => Math.abs(value - from) <= 5)) lastS = (k + 1) / 30 - STEP_S;
    }
    assert.ok(lastS > 0 && lastS <= 2.4, `from ${from} to ${to}: ${lastS.toFixed(1)} s`);
  }
});

Deno.test("PulseEstimator publishes no old rate again after it has followed a doubled one", async () => {
  using rateNetwork = await RateNetwork.open();
  const estimator = new PulseEstimator({ rateNetwork });
  const pulse = (seconds: number) => seconds < 25 ? 60 : 120;
  const published: number[] = [];
  for (const [k, sample] of [...faceSamples({ pulse, seconds: 45, noise: 0.2 })].entries()) {
    estimator.push(sample);
    const { strict } = k % 6 === 5 ? estimator.estimate() : {};
    if (strict && k > 27.4 * 30) published.push(strict.value);
  }
  assert.ok(published.length > 20, `${published.length} values`);
  for (const value of published) assert.ok(Math.abs(value - 120) < 5, `${value}`);
});

Deno.test("PulseEstimator publishes the new rate from 7.5 s after a step on", async () => {
  using rateNetwork = await RateNetwork.open();
  const STEP_S = 25;
  for (const [from, to] of [[60, 90], [80, 120], [110, 70]] as const) {
    const estimator = new PulseEstimator({ rateNetwork });
    const pulse = (seconds: number) => seconds < STEP_S ? from : to;
    for (const [k, sample] of [...faceSamples({ pulse, seconds: 40, noise: 0.2 })].entries()) {
      estimator.push(sample);
      if (k % 6 !== 5) continue;
      const { strict } = estimator.estimate();
      const seconds = (k + 1) / 30 - STEP_S;
      if (seconds < 7.5) continue;
      assert.ok(strict, `from ${from} to ${to}: withheld after ${seconds.toFixed(1)} s`);
      assert.ok(Math.abs(strict.value - to) < 3, `${strict.value} instead of ${to}`);
    }
  }
});

/** Thirty recordings of five people who talk and move, 10 s apart in time. */
const PURE = "data/traces/pure_a.csv";

testWithShared(
  "PulseEstimator publishes half of PURE with a rate network, 97 % of it within 3",
  [PURE],
  async ([path]) => {
    using rateNetwork = await RateNetwork.open();
    const [header, ...lines] = (await Deno.readTextFile(path!)).trim().split("\n");
    const recordings = Map.groupBy(lines, (line) => line.split(",").at(-1)!);
    const counts = { windows: 0, published: 0, right: 0 };
    for (const [name, rows] of recordings) {
      const table = parseTable([header, ...rows].join("\n"), `recording ${name}`);
      const reference = waveformReference(timesOf(table), column(table, "ref_ppg"), {
        band: PULSE_REFERENCE,
      });
      const engine = createVitalsEngine({ pulse: { rateNetwork } });
      const { pulse } = await runWindows(engine, [...traceSamples(table, { signals: ["pos"] })], {
        windowS: 10,
        stepS: 1,
        references: { pulse: reference },
      });
      for (const { strict, reference: truth } of pulse.windows) {
        if (truth === undefined) continue;
        counts.windows++;
        if (strict === undefined) continue;
        counts.published++;
        if (Math.abs(strict - truth) <= 3) counts.right++;
      }
    }
    const figures = JSON.stringify(counts);
    assert.ok(counts.published >= 0.5 * counts.windows, figures);
    assert.ok(counts.right >= 0.97 * counts.published, figures);
  },
);
