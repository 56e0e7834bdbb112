import assert from "node:assert/strict";
import { NEGATIVES } from "../../../../scripts/fit/negatives.ts";
import { amplitudeStabilityDb, PastSpectra } from "../../../../src/vitals/pulse/stability.ts";
import { PulseEstimator } from "../../../../src/vitals/pulse/estimator.ts";
import { subharmonicDb } from "../../../../src/vitals/pulse/subharmonic.ts";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { powerAt } from "../../../../src/vitals/signal/tone.ts";
import { faceSamples } from "../../../support/face_samples.ts";
import { Random } from "../../../support/random.ts";
import { scipy } from "../../../support/scipy.ts";

const sampleRateHz = 30;
const wave = (value: (seconds: number) => number) =>
  Float64Array.from({ length: 300 }, (_, k) => value(k / sampleRateHz));
const sine = (hz: number) => wave((t) => Math.sin(2 * Math.PI * hz * t));

/** How much noise of this kind has the look of a pulse by its nature: a hump is a loose rhythm. */
const LOOSE_RHYTHM = "one wave, a broad hump";

Deno.test("where there is no pulse, under one window in a hundred is told", () => {
  let windows = 0;
  const told: string[] = [];
  for (const [kind, { name, make }] of NEGATIVES.entries()) {
    if (name === LOOSE_RHYTHM) continue;
    for (let number = 0; number < 2; number++) {
      const estimator = new PulseEstimator();
      let nextUs = 10e6;
      for (const sample of make(new Random(3_000_000 + 1_000 * kind + number), 25)) {
        estimator.push(sample);
        const { strict } = estimator.estimate();
        if (sample.timeUs < nextUs) continue;
        nextUs += 1e6;
        windows++;
        if (strict) told.push(`${name}: ${strict.value}`);
      }
    }
  }
  assert.ok(windows > 900, `${windows}`);
  assert.ok(told.length < 0.01 * windows, told.join("\n"));
});

Deno.test("where there is a plain pulse, no veto takes a single window of it", () => {
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

Deno.test("the power at one frequency is what numpy says, and that of the spectrum", async () => {
  const random = new Random(8);
  const noise = wave(() => random.normal());
  const expected = await scipy<number>(
    `
x = np.array(data) * np.hanning(len(data))
result = abs((x * np.exp(-2j*np.pi*1.23/30*np.arange(len(x)))).sum())**2`,
    [...noise],
  );
  const actual = powerAt(noise, 1.23 / sampleRateHz);
  assert.ok(Math.abs(actual / expected - 1) < 1e-9, `${actual} is not ${expected}`);
  const { power, binHz } = powerSpectrum(sine(1.2), { sampleRateHz });
  const bin = Math.round(1.2 / binHz);
  assert.ok(Math.abs(powerAt(sine(1.2), (bin * binHz) / sampleRateHz) / power[bin]! - 1) < 1e-3);
});

Deno.test("a steady wave is even, one that fades or jumps is not", () => {
  const cycles = 1.2 / sampleRateHz;
  assert.ok(amplitudeStabilityDb(sine(1.2), cycles) > -0.5);
  // In the middles of its parts 8, 7, 6, 5 and 4 ninths of its amplitude: 16 over 38 of the power.
  const fading = wave((t) => (1 - t / 15) * Math.sin(2 * Math.PI * 1.2 * t));
  assert.ok(Math.abs(amplitudeStabilityDb(fading, cycles) - 10 * Math.log10(16 / 38)) < 0.3);
  assert.ok(amplitudeStabilityDb(wave((t) => (t > 7 ? 1 : 0)), cycles) < -15);
  assert.equal(amplitudeStabilityDb(new Float64Array(300), cycles), -30);
});

Deno.test("the overtone of a breath is known by what is below it, a pulse over a breath is not", () => {
  const breath = (hz: number) => sine(hz).map((value, k) => value + 0.4 * sine(2 * hz)[k]!);
  const at = { frequencyHz: 1, sampleRateHz };
  // 1 over 0.4 in amplitude: 8 dB.
  assert.ok(Math.abs(subharmonicDb(breath(0.5), at) - 8) < 0.5);
  assert.ok(subharmonicDb(sine(1).map((value, k) => value + 3 * sine(0.25)[k]!), at) < -10);
  assert.ok(subharmonicDb(sine(1), at) < -20);
});

Deno.test("at twice the rate of breathing a pulse is told only where it is sure", () => {
  const said = { sure: 0, doubtful: 0 };
  for (const noise of [0.1, 0.9, 1.2]) {
    for (let seed = 0; seed < 6; seed++) {
      const [free, beside] = [new PulseEstimator(), new PulseEstimator()];
      for (const sample of faceSamples({ pulse: () => 56, noise, seed, seconds: 15 })) {
        free.push(sample);
        beside.push(sample);
        const { strict } = free.estimate();
        const told = beside.estimate({ breathsPerMinute: 28.3 });
        // Where nothing stands, the window is judged more often.
        const sameWindow = free.judgement?.timeUs === beside.judgement?.timeUs;
        if (!strict || !sameWindow || Math.abs(strict.value - 56) > 2) continue;
        if (strict.confidence >= 0.9) {
          said.sure++;
          assert.ok(told.strict);
        } else {
          said.doubtful++;
          assert.equal(told.withheld, "motion");
        }
      }
    }
  }
  assert.ok(said.sure > 100 && said.doubtful > 10, JSON.stringify(said));
});

Deno.test("what stood out ten seconds before supports a candidate near it, once that is known", () => {
  const band = { lowHz: 0.6, highHz: 4.5 };
  const past = new PastSpectra();
  past.push(0, powerSpectrum(sine(1.2), { sampleRateHz }));
  assert.equal(past.supportDb(1.2, { timeUs: 5e6, ...band }), undefined);
  assert.equal(past.supportDb(1.25, { timeUs: 10e6, ...band }), 0);
  assert.ok(past.supportDb(1.9, { timeUs: 10e6, ...band })! < -10);
  assert.equal(past.supportDb(1.2, { timeUs: 20e6, ...band }), undefined);
});
