import assert from "node:assert/strict";
import { GriddedSignal } from "../../../src/recording/gridded_signal.ts";

/** Points of a grid of 10 Hz, from samples at times in ms. */
function points(...samples: readonly (readonly [ms: number, value: number])[]): number[] {
  const signal = new GriddedSignal({ startUs: 0, rateHz: 10 });
  for (const [ms, value] of samples) signal.add(ms * 1000, value);
  return [...signal.finish()].map((value) => Math.round(value * 1000) / 1000);
}

Deno.test("GriddedSignal interpolates between samples, in any order", () => {
  assert.deepEqual(points([0, 0], [150, 1.5], [50, 0.5], [250, 2.5]), [0, 1, 2]);
});

Deno.test("GriddedSignal has NaN in a gap of more than three periods", () => {
  assert.deepEqual(points([0, 1], [100, 1], [400, 4]), [1, 1, 2, 3, 4]);
  assert.deepEqual(points([0, 1], [100, 1], [410, 4]), [1, 1, NaN, NaN, 4]);
});

Deno.test("GriddedSignal takes corrections, and nothing before its start", () => {
  assert.deepEqual(points([-200, 9], [-50, 9], [0, 1], [100, 1], [100, 2], [0, 3]), [3, 2]);
});

Deno.test("GriddedSignal settles samples while it grows", () => {
  const count = 5_000;
  const samples = Array.from({ length: count }, (_, k) => [k * 100, k] as const);
  assert.deepEqual(points(...samples), samples.map(([, value]) => value));
});

Deno.test("GriddedSignal is empty without samples", () => {
  assert.deepEqual(points(), []);
});
