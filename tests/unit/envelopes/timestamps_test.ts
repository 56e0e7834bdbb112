import { epochUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Timestamps } from "../../../src/envelopes/timestamps.ts";

Deno.test("Timestamps.next() strictly increases per topic, even if the clock is set back", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 50 })), (times) => {
    const timestamps = new Timestamps();
    const results = times.map((time) => timestamps.next("status", epochUs(time)));
    for (let i = 1; i < results.length; i++) assert.ok(results[i]! > results[i - 1]!);
  }));
});

Deno.test("Timestamps.next() returns the given time while it increases", () => {
  const timestamps = new Timestamps();
  assert.deepEqual([10, 20, 31].map((time) => timestamps.next("frame", epochUs(time))), [
    10,
    20,
    31,
  ]);
});

Deno.test("Timestamps.next() counts each topic separately", () => {
  const timestamps = new Timestamps();
  assert.equal(timestamps.next("frame", epochUs(50)), 50);
  assert.equal(timestamps.next("status", epochUs(50)), 50);
});

Deno.test("Timestamps.next() is one microsecond after the last one if the clock stands still or is set back", () => {
  const timestamps = new Timestamps();
  const next = (time: number) => timestamps.next("status", epochUs(time));
  assert.deepEqual([50, 50, 7, 52, 53.4, 60].map(next), [50, 51, 52, 53, 54, 60]);
  assert.equal(timestamps.next("frame", epochUs(0)), 1);
});
