import assert from "node:assert/strict";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { HeldTimers } from "../../support/held_timers.ts";

function clocks() {
  const time = { epochMs: 1_000_000, monotonicMs: 500 };
  const log = new CollectingLog();
  const clock = new SystemClock(() => time.epochMs, () => time.monotonicMs, log);
  const advance = (ms: number, stepMs = 0) => {
    time.epochMs += ms + stepMs;
    time.monotonicMs += ms;
    return clock.epochUs(clock.monotonicUs());
  };
  return { advance, clock, time, lines: log.lines };
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

Deno.test("SystemClock.epochUs() keeps the speed of real time if the clock is set back by an hour, and logs it once", () => {
  const { advance, lines } = clocks();
  const start = advance(1000, -3_600_000);
  for (let second = 1; second <= 600; second++) {
    assert.equal(advance(1000), start + second * 1e6, `after ${second} s`);
  }
  assert.deepEqual(lines, [
    "<4>The system clock was set back: timestamps stay ahead of it, because they never decrease: " +
    "restart the server to follow the clock seconds=3600 ahead_s=3600",
  ]);
});

Deno.test("SystemClock.epochUs() follows the clock again when it is set forward after it was set back", () => {
  const { advance, lines } = clocks();
  advance(1000, -3_600_000);
  advance(1000, 3_595_000);
  for (let second = 0; second < 60; second++) advance(1000);
  assert.equal(advance(1000), (1_000_000 + 63_000 - 5000) * 1000);
  assert.equal(advance(1000, 65_000), (1_000_000 + 64_000 + 60_000) * 1000);
  assert.deepEqual(lines.slice(1), [
    "<6>The system clock was set forward seconds=3595",
    "<6>The system clock was set forward seconds=65",
  ]);
});

Deno.test("SystemClock.epochUs() takes no suspension between two readings for a step of the clock", () => {
  const time = { ms: 500, suspensionsMs: [] as number[] };
  const clock = new SystemClock(
    () => {
      time.ms += time.suspensionsMs.shift() ?? 0; // before the clock of the system is read
      const epochMs = 1_000_000 + time.ms;
      time.ms += time.suspensionsMs.shift() ?? 0; // and after it
      return epochMs;
    },
    () => time.ms,
  );
  const errorUsAfter = (suspensionsMs: number[]) => {
    time.ms += 1000;
    time.suspensionsMs = suspensionsMs;
    const nowUs = clock.monotonicUs();
    return clock.epochUs(nowUs) - nowUs - 1_000_000_000;
  };
  for (const suspensionsMs of [[40, 0], [0, 40], [40, 0, 0, 40, 40, 40], [30, 10, 10, 30]]) {
    assert.equal(errorUsAfter(suspensionsMs), 0, `${suspensionsMs}`);
  }
  // Suspended at each of five readings: half of the shortest is the error.
  assert.equal(errorUsAfter([40, 0, 30, 0, 10, 0, 30, 0, 40, 0]), 5000);
});

Deno.test("SystemClock.epochUs() slews if the clock was set back by up to 10 s, and holds beyond", () => {
  for (const [stepMs, correctedMs] of [[-10_000, 100], [-10_100, 0]] as const) {
    const { advance, lines } = clocks();
    assert.equal(advance(1000, stepMs), (1_001_000 - correctedMs) * 1000);
    assert.equal(lines.length, 1);
  }
});

Deno.test("SystemClock.epochUs() logs a step of 1 s and no smaller one", () => {
  for (const [stepMs, lineCount] of [[-1000, 1], [-900, 0], [1000, 1], [900, 0]] as const) {
    const { advance, lines } = clocks();
    for (const step of [stepMs, 0, 0, 0]) advance(1000, step);
    assert.equal(lines.length, lineCount, `${stepMs} ms`);
  }
});

Deno.test("SystemClock.monotonicUs() is in microseconds, as is the present epochUs()", () => {
  const { clock, time } = clocks();
  assert.equal(clock.monotonicUs(), 500_000);
  time.monotonicMs = 500.0004;
  assert.equal(clock.monotonicUs(), 500_000);
  const system = new SystemClock();
  const now = system.epochUs(system.monotonicUs());
  assert.ok(Math.abs(now - Date.now() * 1000) < 1e6, `${now}`);
});

Deno.test("SystemClock.epochUs() measures the difference of the clocks once a second", () => {
  const { advance } = clocks();
  assert.equal(advance(999, 50), 1_000_999_000);
  assert.equal(advance(1), 1_001_050_000);
  assert.equal(advance(999, 50), 1_002_049_000);
  assert.equal(advance(1), 1_002_100_000);
});

Deno.test("SystemClock.epochUs() takes a difference below 2 ms for the resolution of the clock", () => {
  for (const [stepMs, followed] of [[1.9, 0], [2, 2], [-1.9, 0], [-2, -2]] as const) {
    const { advance } = clocks();
    const now = advance(1000, stepMs);
    assert.equal(now, 1_001_000_000 + followed * 1000, `${stepMs} ms`);
  }
});

Deno.test("SystemClock.epochUs() slews by a tenth of the elapsed time after the clock was set back", () => {
  const { advance } = clocks();
  assert.equal(advance(1000, -5000), 1_000_900_000);
  assert.equal(advance(2000), 1_002_700_000);
  const { advance: advanceLittle } = clocks();
  assert.equal(advanceLittle(1000, -99), 1_000_901_000, "a small step is followed at once");
});

Deno.test("SystemClock.sleep() ends after its time, or when the signal aborts, and leaves nothing behind", async () => {
  using timers = new HeldTimers();
  const clock = new SystemClock();
  const ended: string[] = [];
  const ending = new AbortController();
  const { signal } = ending;
  let listeners = 0;
  const counted = {
    get aborted() {
      return signal.aborted;
    },
    addEventListener: (...args: Parameters<AbortSignal["addEventListener"]>) => {
      listeners++;
      signal.addEventListener(...args);
    },
    removeEventListener: (...args: Parameters<AbortSignal["removeEventListener"]>) => {
      listeners--;
      signal.removeEventListener(...args);
    },
  } as AbortSignal;
  const first = clock.sleep(500, counted).then(() => ended.push("first"));
  const second = clock.sleep(900, counted).then(() => ended.push("second"));
  timers.advance(499);
  await Promise.resolve();
  assert.deepEqual(ended, []);
  timers.advance(1);
  await first;
  assert.deepEqual([ended, listeners], [["first"], 1]);
  ending.abort();
  await second;
  assert.deepEqual([timers.remainingMs, listeners], [[], 0]);
  await clock.sleep(1e9, signal);
  assert.deepEqual(timers.remainingMs, []);
});
