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
