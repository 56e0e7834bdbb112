import assert from "node:assert/strict";
import { beatRate } from "../../../src/validation/beat_rate.ts";

const SAMPLE_RATE_HZ = 30;

/** Beats of these intervals in samples, repeated; the signal rises through zero at each. */
function beatsEvery(...intervals: readonly number[]): Float64Array {
  const repeated = Array.from({ length: 12 }, () => intervals).flat();
  return Float64Array.from(
    repeated.flatMap((interval) =>
      Array.from({ length: interval }, (_, k) => Math.sin((2 * Math.PI * k) / interval))
    ),
  );
}

const rateOf = (signal: Float64Array, from: number, to: number) =>
  beatRate(signal, { sampleRateHz: SAMPLE_RATE_HZ, rate: 75, from, to });

Deno.test("beatRate() is the number of beats over the time, whatever part of a beat is inside", () => {
  const steady = beatsEvery(24);
  for (const [from, to] of [[48, 108], [50, 110], [100, 130]] as const) {
    const actual = rateOf(steady, from, to)!;
    assert.ok(Math.abs(actual - 75) < 0.5, `${from} to ${to}: ${actual}`);
  }
  // Two beats in 52 samples.
  const uneven = rateOf(beatsEvery(22, 30), 52, 52 * 5)!;
  assert.ok(Math.abs(uneven - (60 * SAMPLE_RATE_HZ * 2) / 52) < 1, `${uneven}`);
});

Deno.test("beatRate() is not known where less than half of the time lies between beats", () => {
  const signal = beatsEvery(24);
  // The first beat that is found begins after 24 samples.
  assert.ok(rateOf(signal, 0, 54) !== undefined);
  assert.equal(rateOf(signal, 0, 40), undefined);
  const last = signal.length - 24; // the last beat that has a peak
  assert.ok(rateOf(signal, last - 35, last + 20) !== undefined);
  assert.equal(rateOf(signal, last - 25, last + 40), undefined);
  assert.equal(rateOf(new Float64Array(300), 100, 160), undefined);
});
