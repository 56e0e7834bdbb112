import assert from "node:assert/strict";
import { harmonicSum, strongestPeak } from "../../../../src/vitals/pulse/harmonic_sum.ts";

const BIN_HZ = 0.01;

/** A spectrum of 0 to 8 Hz that has power at these frequencies only. */
function spectrumOf(peaks: readonly (readonly [hz: number, power: number])[]) {
  const power = new Float64Array(800);
  for (const [hz, value] of peaks) power[Math.round(hz / BIN_HZ)] = value;
  return { power, binHz: BIN_HZ };
}

Deno.test("harmonicSum() adds half of the harmonic, which counts up to three times the fundamental", () => {
  const sumOf = (harmonic: number) => harmonicSum(spectrumOf([[1.2, 10], [2.4, harmonic]]), 1.2);
  for (const [harmonic, sum] of [[0, 10], [10, 15], [27, 23.5], [33, 25], [400, 25]]) {
    assert.ok(Math.abs(sumOf(harmonic!) - sum!) < 1e-9, `${harmonic}: ${sumOf(harmonic!)}`);
  }
});

Deno.test("strongestPeak() prefers a pulse with a harmonic to a stronger peak without one", () => {
  const peaks = [[1.2, 10], [2.4, 12], [1.7, 14]] as const;
  const { frequencyHz, harmonicSum } = strongestPeak(spectrumOf(peaks))!;
  assert.ok(Math.abs(frequencyHz - 1.2) < 1e-6 && Math.abs(harmonicSum - 16) < 1e-9);
  assert.ok(Math.abs(strongestPeak(spectrumOf([[1.7, 14], [2.1, 15]]))!.frequencyHz - 2.1) < 1e-6);
});

Deno.test("strongestPeak() searches from 36 to 200 beats/min", () => {
  const isFound = (perMinute: number) =>
    strongestPeak(spectrumOf([[perMinute / 60, 1]])) !== undefined;
  const cases = [[32.4, false], [35.4, false], [36.6, true], [199.2, true], [
    200.4,
    false,
  ]] as const;
  for (const [perMinute, expected] of cases) {
    assert.equal(isFound(perMinute), expected, `${perMinute}`);
  }
  assert.equal(strongestPeak(spectrumOf([])), undefined);
});

Deno.test("strongestPeak() considers the five highest peaks", () => {
  // The pulse is the lowest peak, but it has a harmonic, which is outside the band.
  const pulse = [[2, 5], [4, 15]] as const;
  const others = [[0.7, 10], [0.9, 9], [1.25, 8], [1.55, 7], [2.9, 6]] as const;
  assert.ok(
    Math.abs(strongestPeak(spectrumOf([...pulse, ...others.slice(1)]))!.frequencyHz - 2) < 1e-6,
  );
  assert.ok(Math.abs(strongestPeak(spectrumOf([...pulse, ...others]))!.frequencyHz - 0.7) < 1e-6);
});
