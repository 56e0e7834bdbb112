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
});
