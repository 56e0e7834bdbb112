import assert from "node:assert/strict";
import { parseSchedule, rateAt } from "../../../../src/capture/simulator/rate_schedule.ts";

Deno.test("rateAt() steps at the given times", () => {
  const rate = rateAt("60,100@30,0@45.5");
  assert.deepEqual([0, 29.99, 30, 45.4, 45.5, 1e6].map(rate), [60, 60, 100, 100, 0, 0]);
  assert.equal(rateAt(72)(5), 72);
});

Deno.test("rateAt() rejects an invalid schedule and quotes it", () => {
  for (
    const text of ["", "fast", "60,100", "60,100@30,70@20", "60@5", "-1", "60,@3", "60,70@1@2"]
  ) {
    assert.throws(() => rateAt(text), (error) => String(error).includes(`is ${text}`), text);
  }
});

Deno.test("rateAt() gives a rate of 0 before the start", () => {
  assert.equal(rateAt("60,100@30")(-0.1), 0);
});

Deno.test("parseSchedule() returns each rate with the time from which it applies", () => {
  assert.deepEqual(parseSchedule("80,120@30.5"), [
    { fromS: 0, perMinute: 80 },
    { fromS: 30.5, perMinute: 120 },
  ]);
  assert.deepEqual(parseSchedule(72), [{ fromS: 0, perMinute: 72 }]);
});
