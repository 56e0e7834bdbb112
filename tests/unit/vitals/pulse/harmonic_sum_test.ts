import assert from "node:assert/strict";
import {
  harmonicSum,
  isHalfOfFastPulse,
  strongestPeak as strongestPeakIn,
} from "../../../../src/vitals/pulse/harmonic_sum.ts";

import { FAST_BAND, SLOW_BAND, USUAL_BAND } from "../../../../src/vitals/pulse/rate_band.ts";
import type { Spectrum } from "../../../../src/vitals/signal/spectrum.ts";

const BIN_HZ = 0.01;

const strongestPeak = (spectrum: Spectrum, { search } = USUAL_BAND) =>
  strongestPeakIn(spectrum, search);

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

Deno.test("strongestPeak() searches within its band", () => {
  const cases = [
    [SLOW_BAND, 25.2, 26.4, 53.4, 55.2],
    [USUAL_BAND, 35.4, 36.6, 199.2, 200.4],
    [FAST_BAND, 148.8, 150.6, 239.4, 241.2],
  ] as const;
  for (const [band, below, lowest, highest, above] of cases) {
    const isFound = (perMinute: number) =>
      strongestPeak(spectrumOf([[perMinute / 60, 1]]), band) !== undefined;
    assert.deepEqual([below, lowest, highest, above].map(isFound), [false, true, true, false]);
  }
  assert.equal(strongestPeak(spectrumOf([])), undefined);
});

Deno.test("isHalfOfFastPulse() is true if twice the frequency is a stronger rate of 180 to 230", () => {
  const isHalf = (perMinute: number, ratio: number) => {
    const hz = perMinute / 60;
    return isHalfOfFastPulse(spectrumOf([[hz, 1], [2 * hz, ratio]]), hz);
  };
  assert.equal(isHalf(102, 1.05), true);
  assert.equal(isHalf(102, 0.95), false);
  for (
    const [perMinute, expected] of [[89, false], [91, true], [114, true], [116, false]] as const
  ) {
    assert.equal(isHalf(perMinute, 3), expected, `${perMinute}`);
  }
  assert.equal(strongestPeak(spectrumOf([[1.7, 1], [3.4, 1.1]])), undefined);
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
