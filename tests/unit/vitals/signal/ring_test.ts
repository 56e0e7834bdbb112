import assert from "node:assert/strict";
import fc from "fast-check";
import { SampleRing } from "../../../../src/vitals/signal/ring.ts";

Deno.test("SampleRing keeps the same samples as a list of the newest ones", () => {
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

Deno.test("SampleRing has NaN for channels without a value, and no sample before the first", () => {
  const ring = new SampleRing({ capacity: 2, channels: 3 });
  assert.deepEqual([ring.length, ring.newestUs, ring.firstFrom(0)], [0, -Infinity, 0]);
  ring.push(5, [1, NaN]);
  assert.deepEqual([0, 1, 2].map((channel) => ring.value(0, channel)), [1, NaN, NaN]);
  assert.deepEqual([ring.capacity, ring.channels, ring.newestUs], [2, 3, 5]);
  for (const index of [-1, 1, NaN]) {
    assert.throws(() => ring.value(index, 0), /must be at least 0 and under 1: current value is/);
  }
});

Deno.test("SampleRing.firstFrom() is the first sample at or after a time", () => {
  const ring = new SampleRing({ capacity: 4, channels: 1 });
  for (const timeUs of [10, 20, 30, 40, 50]) ring.push(timeUs, [timeUs]);
  assert.deepEqual([0, 20, 21, 30, 49, 50, 51].map((us) => ring.firstFrom(us)), [
    0,
    0,
    1,
    1,
    3,
    3,
    4,
  ]);
});

Deno.test("SampleRing.clear() removes all samples, after which times may begin again", () => {
  const ring = new SampleRing({ capacity: 3, channels: 1 });
  for (const timeUs of [10, 20]) ring.push(timeUs, [timeUs]);
  ring.clear();
  assert.deepEqual([ring.length, ring.newestUs], [0, -Infinity]);
  assert.equal(ring.push(5, [7]), true);
  assert.deepEqual([ring.length, ring.timeUs(0), ring.value(0, 0)], [1, 5, 7]);
});

Deno.test("SampleRing rejects a capacity and a number of channels under 1", () => {
  for (
    const shape of [{ capacity: 0, channels: 1 }, { capacity: 1, channels: 0 }, {
      capacity: NaN,
      channels: 1,
    }]
  ) {
    assert.throws(() => new SampleRing(shape), /must be at least 1/);
  }
  assert.equal(new SampleRing({ capacity: 1, channels: 1 }).capacity, 1);
});
