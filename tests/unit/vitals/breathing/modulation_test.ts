import assert from "node:assert/strict";
import { auxiliaryRates } from "../../../../src/vitals/breathing/auxiliary.ts";
import { loadBreathingModel } from "../../../../src/vitals/breathing/confidence.ts";
import { PulseModulations } from "../../../../src/vitals/breathing/modulation.ts";
import { samplesOf } from "../../../support/samples.ts";

const BREATHS = 14, BEATS = 70;

/** Forty seconds of a pulse whose baseline, amplitude and frequency breathing modulates. */
function modulatedPulse(): PulseModulations {
  const modulations = new PulseModulations();
  const breath = (timeS: number) => Math.sin((2 * Math.PI * BREATHS * timeS) / 60);
  let phase = 0;
  const bvp = Float64Array.from({ length: 40 * 30 }, (_, k) => {
    phase += (2 * Math.PI * (BEATS + 3 * breath(k / 30))) / 60 / 30;
    return (1 + 0.2 * breath(k / 30)) * Math.sin(phase);
  });
  for (const [k, sample] of samplesOf(40).entries()) {
    const g = 110 + 0.3 * breath(k / 30) + 0.5 * bvp[k]!;
    const skin = { r: 150, g, b: 90, pixels: 4000, clipped: 0 };
    modulations.push({ ...sample, regions: { skin } });
    if (k < 300 || k % 15) continue;
    modulations.pushBvpWindow({
      bvp: bvp.slice(k - 299, k + 1),
      startUs: sample.timeUs - (299 * 1e6) / 30,
      sampleRateHz: 30,
      rate: BEATS,
      confidence: 0.95,
      snrDb: 10,
    });
  }
  return modulations;
}

Deno.test("PulseModulations.read() has the breathing rate in baseline, amplitude and frequency", () => {
  const modulations = modulatedPulse().read(25);
  assert.deepEqual(modulations.map(({ name }) => name), ["baseline", "amplitude", "frequency"]);
  const rates = auxiliaryRates(modulations, { sampleRateHz: 10, model: loadBreathingModel() });
  assert.ok(rates.length >= 2, `${rates.length} rates`);
  for (const { name, rate } of rates) {
    assert.ok(Math.abs(rate - BREATHS) < 1.5, `${name} has ${rate}`);
  }
});

const FPS = 30;
const START_US = 1_000_000;

/** A minute of skin of this green value, and windows of a pulse of one beat per second. */
function modulationsOf(
  {
    seconds = 40,
    green = () => 110,
    pixels = () => 4000,
    confidence = () => 0.9,
    height = () => 1,
  }: {
    seconds?: number;
    green?: (timeS: number) => number;
    pixels?: (timeS: number) => number;
    /** Confidence of the window that ends at a time; NaN for no window. */
    confidence?: (endS: number) => number;
    height?: (timeS: number) => number;
  },
): PulseModulations {
  const modulations = new PulseModulations();
  const samples = samplesOf(seconds + 1 / FPS, {
    startUs: START_US,
    at: (timeS) => ({
      regions: { skin: { r: 150, g: green(timeS), b: 90, pixels: pixels(timeS), clipped: 0 } },
    }),
  });
  for (const sample of samples) modulations.push(sample);
  for (let endS = 10; endS <= seconds; endS += 2) {
    if (Number.isNaN(confidence(endS))) continue;
    modulations.pushBvpWindow({
      bvp: Float64Array.from({ length: 10 * FPS + 1 }, (_, k) => {
        const timeS = endS - 10 + k / FPS;
        return height(timeS) * Math.sin(2 * Math.PI * timeS);
      }),
      startUs: START_US + (endS - 10) * 1e6,
      sampleRateHz: FPS,
      rate: 60,
      confidence: confidence(endS),
      snrDb: 10,
    });
  }
  return modulations;
}
const signalsOf = (modulations: PulseModulations, seconds: number) =>
  Object.fromEntries(modulations.read(seconds).map(({ name, signal }) => [name, signal]));

Deno.test("PulseModulations.read() has the green value of the skin, ten times per second", () => {
  const { baseline } = signalsOf(modulationsOf({ green: (s) => 100 + s }), 20);
  assert.equal(baseline!.length, 200);
  for (const [k, value] of baseline!.entries()) {
    assert.ok(Math.abs(value - (100 + 40 - (199 - k) / 10)) < 1e-4, `${k}: ${value}`);
  }
});

Deno.test("PulseModulations.read() has the frequency and the height of beats up to the last one", () => {
  const { frequency, amplitude } = signalsOf(
    modulationsOf({ height: (s) => (s < 30 ? 3 : 3 + (s - 30) / 10) }),
    25,
  );
  // The last beat is a second before the end of the last window, which is rounded to 0.1 s.
  for (const signal of [frequency!, amplitude!]) {
    assert.ok(Math.abs(signal.length - 240) <= 1, `${signal.length}`);
  }
  assert.ok(frequency!.every((hz) => Math.abs(hz - 1) < 0.02));
  // The filter keeps 98 % of the height of 6, which rises by 2 in the last 10 s.
  assert.ok(Math.abs(amplitude![50]! / 6 - 0.98) < 0.03, `${amplitude![50]}`);
  assert.ok(amplitude!.at(-1)! > 7 && amplitude!.at(-1)! < 8, `${amplitude!.at(-1)}`);
});

Deno.test("PulseModulations.pushBvpWindow() ignores windows of a confidence under 0.6", () => {
  const namesWith = (confidence: number) =>
    modulationsOf({ confidence: () => confidence }).read(20).map(({ name }) => name);
  assert.deepEqual(namesWith(0.54), ["baseline"]);
  assert.deepEqual(namesWith(0.6), ["baseline", "amplitude", "frequency"]);
});

Deno.test("PulseModulations.read() has no modulation of beats with a gap of over 2.5 s between them", () => {
  const lengthWith = (gapS: number) => {
    // Beats between 25 s and the end of the gap have no height.
    const modulations = modulationsOf({ height: (s) => (s > 25.9 && s < 25.9 + gapS - 1 ? 0 : 1) });
    return modulations.read(20).length;
  };
  assert.equal(lengthWith(2), 3);
  assert.equal(lengthWith(4), 1);
  // Older beats do not matter.
  assert.equal(modulationsOf({ height: (s) => (s < 15 ? 0 : 1) }).read(20).length, 3);
});

Deno.test("PulseModulations.read() has no baseline with a gap of over one second", () => {
  const hasBaseline = (gapS: number) =>
    modulationsOf({ pixels: (s) => (s > 30.01 && s < 30 + gapS ? 0 : 4000) }).read(20)
      .some(({ name }) => name === "baseline");
  assert.equal(hasBaseline(0.9), true);
  assert.equal(hasBaseline(1.1), false);
});

Deno.test("PulseModulations.read() has none that is shorter than the requested seconds", () => {
  assert.deepEqual(modulationsOf({ seconds: 19 }).read(20), []);
  assert.deepEqual(new PulseModulations().read(20), []);
  const withoutBeats = modulationsOf({ confidence: () => NaN });
  assert.deepEqual(withoutBeats.read(20).map(({ name }) => name), ["baseline"]);
});

Deno.test("PulseModulations keeps 60 seconds at 120 frames per second", () => {
  const modulations = new PulseModulations();
  const skin = { r: 150, g: 110, b: 90, pixels: 1, clipped: 0 };
  for (const sample of samplesOf(62, { fps: 120, at: () => ({ regions: { skin } }) })) {
    modulations.push(sample);
  }
  assert.equal(modulations.read(60)[0]?.signal.length, 600);
});

Deno.test("PulseModulations.reset() discards the skin and the beats", () => {
  const modulations = modulationsOf({});
  assert.equal(modulations.read(20).length, 3);
  modulations.reset();
  assert.deepEqual(modulations.read(20), []);
});
