import assert from "node:assert/strict";
import { whiten } from "../../../../src/vitals/pulse/whitening.ts";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { Random } from "../../../support/random.ts";

/** Noise of power 1/f^exponent: a sum of sinusoids with random phases. */
function coloredNoise(exponent: number, seed: number): Float64Array {
  const random = new Random(seed);
  const noise = new Float64Array(300);
  for (let m = 2; m < 150; m++) {
    const phase = 2 * Math.PI * random.uniform();
    const amplitude = (m / 10) ** (-exponent / 2);
    for (let k = 0; k < 300; k++) {
      noise[k]! += amplitude * Math.cos((2 * Math.PI * m * k) / 300 + phase);
    }
  }
  return noise;
}

Deno.test("whiten() returns the exponent of colored noise on average, limited to 1 to 1.5", () => {
  const meanExponent = (exponent: number) => {
    let sum = 0;
    for (let seed = 0; seed < 40; seed++) {
      sum += whiten(powerSpectrum(coloredNoise(exponent, seed), { sampleRateHz: 30 }));
    }
    return sum / 40;
  };
  assert.ok(Math.abs(meanExponent(0) - 1) < 0.01);
  assert.ok(Math.abs(meanExponent(1.25) - 1.25) < 0.1, `${meanExponent(1.25)}`);
  assert.ok(Math.abs(meanExponent(3) - 1.5) < 0.01);
});

Deno.test("whiten() removes the power from 7 Hz on, and at 0 Hz", () => {
  const power = new Float64Array(1000).fill(1);
  whiten({ power, binHz: 0.01 });
  assert.equal(power[0], 0);
  assert.ok(power[1]! > 0 && power[699]! > 0);
  assert.ok(power.subarray(700).every((value) => value === 0));
  // White noise has the smallest exponent, which is 1: the power is proportional to the frequency.
  assert.ok(Math.abs(power[600]! / power[300]! - 2) < 1e-9);
});

/** A spectrum of bins of 0.01 Hz, with the power of each frequency. */
function spectrumOf(powerAt: (hz: number, bin: number) => number) {
  return { power: Float64Array.from({ length: 1000 }, (_, k) => powerAt(k / 100, k)), binHz: 0.01 };
}

Deno.test("whiten() returns the exponent of a power law, and multiplies the power by it", () => {
  for (const exponent of [1.1, 1.25, 1.4]) {
    const law = (hz: number) => 7 * Math.max(hz, 0.005) ** -exponent;
    const spectrum = spectrumOf(law);
    const found = whiten(spectrum);
    assert.ok(Math.abs(found - exponent) < 0.005, `${found} is not ${exponent}`);
    const { power } = spectrum;
    for (let bin = 1; bin < 700; bin++) {
      const expected = law(bin / 100) * bin ** found;
      assert.ok(Math.abs(power[bin]! / expected - 1) < 1e-9, `bin ${bin}`);
    }
  }
});

Deno.test("whiten() ignores peaks that fill under half of each band", () => {
  // From 0.5 Hz on in steps of about half an octave.
  const edges = [0.5, 0.75, 1.1, 1.6, 2.3, 3.3, 4.7, 6.7];
  for (const [from, to] of [[0, 0.35], [0.3, 0.65], [0.6, 0.95]] as const) {
    const exponent = whiten(spectrumOf((hz) => {
      const band = edges.findLastIndex((edge) => edge <= hz);
      const part = (hz - edges[band]!) / (edges[band + 1]! - edges[band]!);
      return (part > from && part < to ? 1e6 : 1) * Math.max(hz, 0.005) ** -1.25;
    }));
    assert.ok(Math.abs(exponent - 1.25) < 0.08, `${exponent}`);
  }
});

Deno.test("whiten() returns an exponent in its range for a spectrum without power", () => {
  const exponent = whiten({ power: new Float64Array(300), binHz: 0.03 });
  assert.ok(exponent >= 1 && exponent <= 1.5, `${exponent}`);
  const oneBand = whiten(spectrumOf((hz) => Number(hz > 3.4 && hz < 4)));
  assert.ok(oneBand >= 1 && oneBand <= 1.5, `${oneBand}`);
});
