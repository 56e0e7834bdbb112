import assert from "node:assert/strict";
import { SystemClock } from "../../../src/telemetry/clock.ts";

function clocks() {
  const time = { epochMs: 1_000_000, monotonicMs: 500 };
  const clock = new SystemClock(() => time.epochMs, () => time.monotonicMs);
  const advance = (ms: number, stepMs = 0) => {
    time.epochMs += ms + stepMs;
    time.monotonicMs += ms;
    return clock.epochUs(clock.monotonicUs());
  };
  return { advance };
}

Deno.test("SystemClock.epochUs() follows a clock that is set forward within a second", () => {
  const { advance } = clocks();
  assert.equal(advance(100), 1_000_100_000);
  assert.equal(advance(1000, 3_600_000), 1_000_000_000 + 1_100_000 + 3_600_000_000);
});

Deno.test("SystemClock.epochUs() never decreases if the clock is set back, and converges to it", () => {
  const { advance } = clocks();
  let last = advance(1000, -5000);
  for (let second = 0; second < 60; second++) {
    const now = advance(1000);
    assert.ok(now > last, `${now} after ${last}`);
    last = now;
  }
  assert.equal(last, (1_000_000 + 61_000 - 5000) * 1000);
});
