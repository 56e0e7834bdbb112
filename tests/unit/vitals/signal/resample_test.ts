import assert from "node:assert/strict";
import fc from "fast-check";
import {
  finiteSegments,
  gridEndingAt,
  MAX_GAP_US,
  resample,
} from "../../../../src/vitals/signal/resample.ts";
import { SampleRing } from "../../../../src/vitals/signal/ring.ts";

Deno.test("resample() reproduces a straight line at any jitter, and gives NaN in gaps", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1_000, max: 600_000 }), { minLength: 2, maxLength: 80 }),
      (stepsUs) => {
        const ring = new SampleRing({ capacity: 100, channels: 1 });
        let timeUs = 1_000_000;
        const times = [timeUs, ...stepsUs.map((step) => timeUs += step)];
        for (const time of times) ring.push(time, [time / 1000]);
        const grid = gridEndingAt(times.at(-1)!, { seconds: 5, sampleRateHz: 30 });
        const values = resample(ring, { channel: 0, grid });
        assert.equal(values.length, 150);
        values.forEach((value, k) => {
          const gridUs = grid.startUs + (k * 1e6) / 30;
          const after = times.find((time) => time >= gridUs - 0.5);
          const before = times.findLast((time) => time < gridUs - 0.5);
          const onSample = after !== undefined && Math.abs(after - gridUs) <= 0.5;
          const interpolated = after !== undefined && before !== undefined &&
            after - before <= MAX_GAP_US;
          if (onSample || interpolated) {
            assert.ok(Math.abs(value - gridUs / 1000) < 0.01, `${value}`);
          } else assert.ok(Number.isNaN(value));
        });
      },
    ),
  );
});

Deno.test("resample() interpolates a channel over samples that lack it", () => {
  const ring = new SampleRing({ capacity: 10, channels: 2 });
  ring.push(0, [0, 0]);
  ring.push(100_000, [1]);
  ring.push(200_000, [2, 20]);
  const grid = gridEndingAt(200_000, { seconds: 0.3, sampleRateHz: 10 });
  assert.deepEqual([...resample(ring, { channel: 1, grid })], [0, 10, 20]);
});

Deno.test("finiteSegments() returns the segments between gaps", () => {
  const signal = Float64Array.of(NaN, 1, 2, NaN, NaN, 3);
  assert.deepEqual(finiteSegments(signal), [{ start: 1, end: 3 }, { start: 5, end: 6 }]);
  assert.deepEqual(finiteSegments(new Float64Array()), []);
  assert.deepEqual(finiteSegments(Float64Array.of(1, 2, Infinity, 4)), [
    { start: 0, end: 2 },
    { start: 3, end: 4 },
  ]);
});

/** A ring with samples at these times in milliseconds, whose value is the time. */
function ringOf(timesMs: readonly number[]): SampleRing {
  const ring = new SampleRing({ capacity: 100, channels: 1 });
  for (const ms of timesMs) ring.push(ms * 1000, [ms]);
  return ring;
}

Deno.test("gridEndingAt() has the number of samples of its duration, the last one at the end", () => {
  assert.deepEqual(gridEndingAt(5_000_000, { seconds: 2, sampleRateHz: 10 }), {
    startUs: 3_100_000,
    sampleRateHz: 10,
    length: 20,
  });
  assert.equal(gridEndingAt(0, { seconds: 0.26, sampleRateHz: 10 }).length, 3);
  assert.equal(gridEndingAt(0, { seconds: -1, sampleRateHz: 10 }).length, 0);
});

Deno.test("resample() interpolates over gaps of up to a quarter of a second, or the given duration", () => {
  const middleOf = (gapMs: number, options: { maxGapUs?: number } = {}) => {
    const ring = ringOf([1000, 1000 + gapMs]);
    const grid = { startUs: 1_100_000, sampleRateHz: 30, length: 1 };
    return resample(ring, { channel: 0, grid, ...options })[0];
  };
  assert.deepEqual([middleOf(225), middleOf(250), middleOf(275)], [1100, 1100, NaN]);
  assert.deepEqual([middleOf(275, { maxGapUs: 300_000 }), middleOf(275, { maxGapUs: 200_000 })], [
    1100,
    NaN,
  ]);
});

Deno.test("resample() is NaN outside the recorded time, and exact on a sample", () => {
  const grid = { startUs: 900_000, sampleRateHz: 10, length: 5 };
  const values = resample(ringOf([1000, 1150, 1200]), { channel: 0, grid });
  assert.deepEqual([...values], [NaN, 1000, 1100, 1200, NaN]);
  const single = resample(ringOf([1000]), { channel: 0, grid });
  assert.deepEqual([...single], [NaN, 1000, NaN, NaN, NaN]);
});

Deno.test("resample() counts a time within half a microsecond as that of a sample", () => {
  const ring = new SampleRing({ capacity: 3, channels: 1 });
  ring.push(1_000_000, [1]);
  ring.push(9_000_000, [2]);
  const at = (startUs: number) =>
    resample(ring, { channel: 0, grid: { startUs, sampleRateHz: 30, length: 1 } })[0];
  assert.deepEqual([999_999.6, 1_000_000.4, 999_999.4, 1_000_000.6].map(at), [1, 1, NaN, NaN]);
});

Deno.test("resample() begins in the middle of a long recording, and fills the given array", () => {
  const ring = ringOf(Array.from({ length: 90 }, (_, k) => 100 * k));
  const grid = gridEndingAt(8_900_000, { seconds: 0.5, sampleRateHz: 20 });
  const into = new Float64Array(10).fill(-1);
  assert.equal(resample(ring, { channel: 0, grid, into }), into);
  assert.deepEqual([...into], Array.from({ length: 10 }, (_, k) => 8900 - 50 * (9 - k)));
});
