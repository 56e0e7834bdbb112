import assert from "node:assert/strict";
import fc from "fast-check";
import { findPeaks, harmonicSnrDb, powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { Random } from "../../../support/random.ts";

function wave(hz: number, { noise = 0, seconds = 10 } = {}): Float64Array {
  const random = new Random(3);
  return Float64Array.from(
    { length: seconds * 30 },
    (_, k) => Math.sin(2 * Math.PI * hz * k / 30 + 0.7) + noise * random.normal(),
  );
}

Deno.test("the peak of a clean wave is found within 0.1 beats/min at every rate", () => {
  fc.assert(
    fc.property(fc.double({ min: 40.5, max: 179.5, noNaN: true }), (bpm) => {
      const spectrum = powerSpectrum(wave(bpm / 60), { sampleRateHz: 30 });
      const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
      assert.ok(peak && Math.abs(peak.frequencyHz * 60 - bpm) < 0.1, `${peak?.frequencyHz}`);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a hill beyond the edge of the band is not a peak in it", () => {
  for (const bpm of [30, 36, 186, 195]) {
    const spectrum = powerSpectrum(wave(bpm / 60), { sampleRateHz: 30 });
    const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
    assert.ok(!peak || peak.power < 0.01 * Math.max(...spectrum.power), `${bpm}`);
  }
});

Deno.test("the harmonic SNR of a known mixture is what its powers say", () => {
  // Two waves far apart: 10·log10(1²/0.1²) = 20 dB.
  const signal = wave(1.2).map((value, k) => value + 0.1 * Math.sin(2 * Math.PI * 1.7 * k / 30));
  const spectrum = powerSpectrum(signal, { sampleRateHz: 30, padFactor: 12 });
  const snr = harmonicSnrDb(spectrum, {
    frequencyHz: 1.2,
    lowHz: 0.6,
    highHz: 4,
    halfWidthHz: 0.2,
  });
  assert.ok(Math.abs(snr - 20) < 0.5, `${snr}`);
});

Deno.test("holes count as no evidence: a wave with a hole keeps its peak", () => {
  const signal = wave(1.3);
  signal.fill(NaN, 100, 120);
  const spectrum = powerSpectrum(signal, { sampleRateHz: 30 });
  const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
  assert.ok(peak && Math.abs(peak.frequencyHz - 1.3) < 0.01);
});
