import assert from "node:assert/strict";
import fc from "fast-check";
import { findPeaks, harmonicSnrDb, powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

/** Ten seconds of a sine with a phase of 0.7, sampled at 30 Hz. */
function shiftedSine(hz: number): Float64Array {
  return Float64Array.from({ length: 300 }, (_, k) => Math.sin(2 * Math.PI * hz * k / 30 + 0.7));
}

Deno.test("powerSpectrum() equals numpy's periodogram", async () => {
  const signal = whiteNoise(300, 1);
  const expected = await scipy<number[]>(
    `
x = np.array(data)
w = scipy.signal.get_window("hann", len(x), fftbins=False)
result = np.abs(np.fft.rfft((x - x.mean()) * w, 1024))**2`,
    [...signal],
  );
  assertClose(powerSpectrum(signal, { sampleRateHz: 30 }).power, expected, 1e-6);
});

Deno.test("findPeaks() finds a clean sine within 0.1 beats/min at every rate", () => {
  fc.assert(
    fc.property(fc.double({ min: 40.5, max: 179.5, noNaN: true }), (bpm) => {
      const spectrum = powerSpectrum(shiftedSine(bpm / 60), { sampleRateHz: 30 });
      const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
      assert.ok(peak && Math.abs(peak.frequencyHz * 60 - bpm) < 0.1, `${peak?.frequencyHz}`);
    }),
    { numRuns: 60 },
  );
});

Deno.test("findPeaks() ignores the slope of a peak outside the band", () => {
  for (const bpm of [30, 36, 186, 195]) {
    const spectrum = powerSpectrum(shiftedSine(bpm / 60), { sampleRateHz: 30 });
    const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
    assert.ok(!peak || peak.power < 0.01 * Math.max(...spectrum.power), `${bpm}`);
  }
});

Deno.test("harmonicSnrDb() is the power ratio of two distant sines", () => {
  // 10·log10(1²/0.1²) = 20 dB.
  const signal = shiftedSine(1.2)
    .map((value, k) => value + 0.1 * Math.sin(2 * Math.PI * 1.7 * k / 30));
  const spectrum = powerSpectrum(signal, { sampleRateHz: 30, padFactor: 12 });
  const snr = harmonicSnrDb(spectrum, {
    frequencyHz: 1.2,
    lowHz: 0.6,
    highHz: 4,
    halfWidthHz: 0.2,
  });
  assert.ok(Math.abs(snr - 20) < 0.5, `${snr}`);
});

Deno.test("powerSpectrum() keeps the peak of a sine with a gap", () => {
  const signal = shiftedSine(1.3);
  signal.fill(NaN, 100, 120);
  const spectrum = powerSpectrum(signal, { sampleRateHz: 30 });
  const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
  assert.ok(peak && Math.abs(peak.frequencyHz - 1.3) < 0.01);
});
