import assert from "node:assert/strict";
import {
  bandPass,
  bandPassSections,
  butterworthHighPass,
  butterworthLowPass,
  filterZeroPhase,
} from "../../../../src/vitals/signal/bandpass.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

Deno.test("filterZeroPhase() and bandPassSections() equal scipy's filters", async () => {
  const signal = whiteNoise(300, 1);
  const expected = await scipy<Record<string, number[]>>(
    `
x = np.array(data["signal"])
fs = 30.0
sos = np.vstack([scipy.signal.butter(2, 0.7, "high", fs=fs, output="sos"),
                 scipy.signal.butter(2, 4.0, "low", fs=fs, output="sos")])
result = {
  "sections": sos.ravel(),
  "zeroPhase": scipy.signal.sosfiltfilt(sos, x, padtype="odd", padlen=60),
}`,
    { signal: [...signal] },
  );
  const sections = bandPassSections({ lowHz: 0.7, highHz: 4, sampleRateHz: 30 });
  assertClose(
    sections.flatMap(({ b0, b1, b2, a1, a2 }) => [b0, b1, b2, 1, a1, a2]),
    expected.sections!,
    1e-12,
  );
  assertClose(
    filterZeroPhase(signal, sections, { padSamples: 60 }),
    expected.zeroPhase!,
    1e-9,
  );
});

Deno.test("filterZeroPhase() passes a sine in the passband without delay", () => {
  const signal = Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 1.5 * k / 30));
  const sections = bandPassSections({ lowHz: 0.5, highHz: 6, sampleRateHz: 30 });
  const filtered = filterZeroPhase(signal, sections, { padSamples: 60 });
  for (let k = 100; k < 500; k++) assert.ok(Math.abs(filtered[k]! - signal[k]!) < 0.05);
});

Deno.test("bandPassSections() rejects a cutoff over half the sample rate", () => {
  assert.throws(
    () => bandPassSections({ lowHz: 0.5, highHz: 20, sampleRateHz: 30 }),
    /Cannot design a filter: cutoffHz must be over 0 and under 15: current value is 20/,
  );
});

/** Amplitude and phase of a signal at a frequency, between its fourth and its sixteenth second. */
function toneAt(signal: Float64Array, hz: number): [amplitude: number, phase: number] {
  let [re, im] = [0, 0];
  for (let k = 120; k < 480; k++) {
    re += signal[k]! * Math.cos((2 * Math.PI * hz * k) / 30);
    im += signal[k]! * Math.sin((2 * Math.PI * hz * k) / 30);
  }
  return [Math.hypot(re, im) / 180, Math.atan2(re, im)];
}

Deno.test("bandPass() keeps the part of a sine that two passes of Butterworth filters keep", () => {
  const warped = (hz: number) => Math.tan((Math.PI * hz) / 30);
  for (const hz of [0.5, 0.75, 1, 2.5, 4, 6]) {
    const sine = Float64Array.from(
      { length: 600 },
      (_, k) => Math.sin((2 * Math.PI * hz * k) / 30),
    );
    const [amplitude, phase] = toneAt(
      bandPass(sine, { lowHz: 0.75, highHz: 4, sampleRateHz: 30 }),
      hz,
    );
    const kept = 1 / ((1 + (warped(0.75) / warped(hz)) ** 4) * (1 + (warped(hz) / warped(4)) ** 4));
    assert.ok(Math.abs(amplitude - kept) < 0.005, `${hz}: ${amplitude} is not ${kept}`);
    assert.ok(Math.abs(phase) < 0.01, `${hz}: phase ${phase}`);
  }
});

Deno.test("filterZeroPhase() keeps a constant and a line in a low-pass, and nothing of a constant in a high-pass", () => {
  const options = { cutoffHz: 1, sampleRateHz: 30 };
  const constant = new Float64Array(50).fill(3);
  assertClose(filterZeroPhase(constant, [butterworthLowPass(options)]), constant, 1e-9);
  assertClose(
    filterZeroPhase(constant, [butterworthHighPass(options)]),
    new Float64Array(50),
    1e-9,
  );
  // The odd reflection continues a line.
  const line = Float64Array.from({ length: 300 }, (_, k) => 5 - 0.1 * k);
  const filtered = filterZeroPhase(line, [butterworthLowPass(options)], { padSamples: 200 });
  assertClose(filtered.subarray(50, 250), line.subarray(50, 250), 1e-4);
});

Deno.test("filterZeroPhase() accepts signals of any length", () => {
  const sections = [butterworthLowPass({ cutoffHz: 1, sampleRateHz: 30 })];
  for (const length of [0, 1]) {
    assert.deepEqual(
      [...filterZeroPhase(new Float64Array(length).fill(7), sections)],
      Array.from({ length }, () => 0),
    );
  }
  for (const length of [2, 3, 8]) {
    const constant = new Float64Array(length).fill(7);
    assertClose(filterZeroPhase(constant, sections), constant, 1e-9);
  }
});

Deno.test("filterZeroPhase() extends a signal by three times the length of its filter by default", () => {
  const signal = whiteNoise(60, 3);
  const [lowPass, highPass] = [
    butterworthLowPass({ cutoffHz: 3, sampleRateHz: 30 }),
    butterworthHighPass({ cutoffHz: 1, sampleRateHz: 30 }),
  ];
  // A section has three coefficients, each further one two more.
  for (const [sections, padSamples] of [[[lowPass], 9], [[lowPass, highPass], 15]] as const) {
    const expected = filterZeroPhase(signal, sections, { padSamples });
    assert.deepEqual(filterZeroPhase(signal, sections), expected);
  }
});

Deno.test("bandPass() extends a signal by one period of its lower cutoff, of at least 0.05 Hz", () => {
  const signal = whiteNoise(900, 4);
  for (const [lowHz, padSamples] of [[0.5, 60], [0.05, 600], [0.03, 600]] as const) {
    const band = { lowHz, highHz: 4, sampleRateHz: 30 };
    assertClose(
      bandPass(signal, band),
      filterZeroPhase(signal, bandPassSections(band), { padSamples }),
      1e-12,
    );
  }
});

Deno.test("butterworthLowPass() and butterworthHighPass() reject a cutoff that is not under half the sample rate", () => {
  for (const design of [butterworthLowPass, butterworthHighPass]) {
    for (const cutoffHz of [0, -1, 15, 16, NaN]) {
      assert.throws(() => design({ cutoffHz, sampleRateHz: 30 }), RangeError, `${cutoffHz}`);
    }
    for (const cutoffHz of [0.01, 14.9]) design({ cutoffHz, sampleRateHz: 30 });
  }
});
