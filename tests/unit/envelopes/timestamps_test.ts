import { epochUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Timestamps } from "../../../src/envelopes/timestamps.ts";

Deno.test("stamps of one type strictly increase, whatever the clock does", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 50 })), (times) => {
    const stamps = new Timestamps();
    const given = times.map((time) => stamps.next("status", epochUs(time)));
    for (let i = 1; i < given.length; i++) assert.ok(given[i]! > given[i - 1]!);
  }));
});

Deno.test("a stamp is the time itself while time runs forward", () => {
  const stamps = new Timestamps();
  assert.deepEqual([10, 20, 31].map((time) => stamps.next("frame", epochUs(time))), [10, 20, 31]);
});

Deno.test("types are stamped apart", () => {
  const stamps = new Timestamps();
  assert.equal(stamps.next("frame", epochUs(50)), 50);
  assert.equal(stamps.next("status", epochUs(50)), 50);
});
