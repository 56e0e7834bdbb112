import assert from "node:assert/strict";
import fc from "fast-check";
import {
  positiveScale,
  waveformScale,
  writeDigital,
} from "../../../../../src/recording/formats/edf/signals.ts";

type Scale = ReturnType<typeof waveformScale>;

function digitalOf(values: readonly number[], scale: Scale): number[] {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  writeDigital(values, scale, view, 0);
  return values.map((_, k) => view.getInt16(2 * k, true));
}

/** The physical value of a digital one, by the formula of the specification. */
function physicalOf(value: number, { physical, digital: [min, max] }: Scale): number {
  const [low, high] = physical.map(Number) as [number, number];
  return low + (value - min) / (max - min) * (high - low);
}

Deno.test("waveformScale() has 8 characters at most, is symmetric, and reaches the peak", () => {
  for (
    const [peak, limit] of [
      [0, "1.00000"],
      [1, "1.01000"],
      [0.013, "0.01313"],
      [123.456, "124.691"],
      [98_765.4, "99753.1"],
      [1e6, "1010000"],
      [9_999_998, "9999999"],
      [1e300, "9999999"],
      [1e-300, "0.00001"],
    ] as const
  ) {
    const { physical: [min, max], digital } = waveformScale(peak);
    assert.ok(max.length <= 7 && min.length <= 8, max);
    assert.equal(min, `-${max}`);
    assert.equal(Number(max), Number(limit), `${peak}`);
    assert.deepEqual(digital, [-32_767, 32_767]);
  }
});

Deno.test("writeDigital() keeps any value within half a step, and never takes it for a gap", () =>
  fc.assert(fc.property(
    fc.array(fc.double({ min: -9e6, max: 9e6, noNaN: true }), { minLength: 1 }),
    fc.constantFrom(1, 1e-3, 1e-6),
    (numbers, factor) => {
      const values = numbers.map((value) => value * factor);
      const scale = waveformScale(Math.max(...values.map(Math.abs)));
      const step = 2 * Number(scale.physical[1]) / 65_534;
      for (const [k, digital] of digitalOf(values, scale).entries()) {
        assert.notEqual(digital, -32_767);
        assert.ok(Math.abs(physicalOf(digital, scale) - values[k]!) <= 0.5001 * step);
      }
    },
  )));

Deno.test("writeDigital() writes 0 exactly, and the smallest value for what cannot be represented", () => {
  const scale = waveformScale(2);
  assert.equal(physicalOf(digitalOf([0], scale)[0]!, scale), 0);
  const none = [NaN, Infinity, -Infinity, 2.5, -2.5];
  assert.deepEqual(digitalOf(none, scale), none.map(() => -32_767));
});

Deno.test("positiveScale() has -1 for what is missing, negative or beyond its range", () => {
  const scale = positiveScale(300, 100);
  assert.deepEqual(scale, { physical: ["-1", "300"], digital: [-100, 30_000] });
  assert.deepEqual(digitalOf([0, 0.01, 72.5, 300], scale), [0, 1, 7250, 30_000]);
  assert.deepEqual(digitalOf([NaN, 300.01, -1], scale), [-100, -100, -100]);
});
