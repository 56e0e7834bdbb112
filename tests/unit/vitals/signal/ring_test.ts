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
