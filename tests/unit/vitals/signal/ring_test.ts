import assert from "node:assert/strict";
import fc from "fast-check";
import {
  finiteRuns,
  gridEndingAt,
  MAX_GAP_US,
  resample,
} from "../../../../src/vitals/signal/resample.ts";
import { SampleRing } from "../../../../src/vitals/signal/ring.ts";

Deno.test("the ring keeps what a list of the newest samples would keep", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(fc.integer({ min: -5, max: 50 }), fc.double({ noNaN: true })), {
        maxLength: 100,
      }),
      (capacity, steps) => {
        const ring = new SampleRing({ capacity, channels: 2 });
        let model: [number, number][] = [];
        let timeUs = 0;
        for (const [step, value] of steps) {
          const next = timeUs + step;
          const grows = !model.length || next > model.at(-1)![0];
          assert.equal(ring.push(next, [value, -value]), grows);
          if (!grows) continue;
          timeUs = next;
          model = [...model, [next, value] as [number, number]].slice(-capacity);
        }
        assert.equal(ring.length, model.length);
        model.forEach(([time, value], index) => {
          assert.equal(ring.timeUs(index), time);
          assert.equal(ring.value(index, 0), value);
          assert.equal(ring.value(index, 1), -value);
          assert.equal(ring.firstFrom(time), index);
        });
        assert.throws(() => ring.timeUs(model.length), RangeError);
      },
    ),
  );
});

Deno.test("resampling a straight line at any jitter gives that line, and NaN in the holes", () => {
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
          const at = grid.startUs + (k * 1e6) / 30;
          const after = times.find((time) => time >= at - 0.5);
          const before = times.findLast((time) => time < at - 0.5);
          const onSample = after !== undefined && Math.abs(after - at) <= 0.5;
          const bridged = after !== undefined && before !== undefined &&
            after - before <= MAX_GAP_US;
          if (onSample || bridged) assert.ok(Math.abs(value - at / 1000) < 0.01, `${value}`);
          else assert.ok(Number.isNaN(value));
        });
      },
    ),
  );
});

Deno.test("runs are the stretches between holes", () => {
  const signal = Float64Array.of(NaN, 1, 2, NaN, NaN, 3);
  assert.deepEqual(finiteRuns(signal), [{ start: 1, end: 3 }, { start: 5, end: 6 }]);
  assert.deepEqual(finiteRuns(new Float64Array()), []);
});

Deno.test("a channel that is absent in some samples is bridged on its own samples", () => {
  const ring = new SampleRing({ capacity: 10, channels: 2 });
  ring.push(0, [0, 0]);
  ring.push(100_000, [1]);
  ring.push(200_000, [2, 20]);
  const grid = gridEndingAt(200_000, { seconds: 0.3, sampleRateHz: 10 });
  assert.deepEqual([...resample(ring, { channel: 1, grid })], [0, 10, 20]);
});
