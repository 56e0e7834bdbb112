import assert from "node:assert/strict";
import { TimeoutTracker } from "../../../../src/transports/redis/response_timeout.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * 1e-6 + 1e-6, `${actual}, not ${expected}`);
}

/** Sends a message that is answered after `ms` milliseconds. */
function transfer(tracker: TimeoutTracker, time: ManualPerformance, bytes: number, ms: number) {
  const done = tracker.start(bytes);
  time.advance(ms);
  done(true);
}

Deno.test("TimeoutTracker.silentMs counts from the oldest message in flight or the last response", () => {
  using time = new ManualPerformance();
  const tracker = new TimeoutTracker();
  time.advance(70);
  near(tracker.silentMs, 0);
  const first = tracker.start(1);
  time.advance(30);
  const second = tracker.start(1);
  time.advance(20);
  near(tracker.silentMs, 50);
  first(true);
  near(tracker.silentMs, 0);
  time.advance(40);
  near(tracker.silentMs, 40);
  second(false);
  near(tracker.silentMs, 0);
  time.advance(500);
  const third = tracker.start(1);
  time.advance(10);
  near(tracker.silentMs, 10);
  third(true);
});

Deno.test("TimeoutTracker.slowTransferMs is the time of the bytes in flight at 1 Mbit/s", () => {
  const tracker = new TimeoutTracker();
  const first = tracker.start(100_000);
  const second = tracker.start(25_000);
  near(tracker.slowTransferMs, 1000);
  first(true);
  near(tracker.slowTransferMs, 200);
  second(false);
  near(tracker.slowTransferMs, 0);
});

Deno.test("TimeoutTracker.allowedTransferMs allows half of 1 Mbit/s before a rate was measured", () => {
  const tracker = new TimeoutTracker();
  tracker.start(125_000);
  near(tracker.allowedTransferMs, 2000);
});

Deno.test("TimeoutTracker.allowedTransferMs is four times the expected time on a fast link", () => {
  using time = new ManualPerformance();
  const tracker = new TimeoutTracker();
  for (let count = 0; count < 60; count++) transfer(tracker, time, 100_000, 100); // 1000 bytes/ms
  tracker.start(500_000);
  const allowedMs = tracker.allowedTransferMs;
  assert.ok(allowedMs > 1950 && allowedMs < 2050, `${allowedMs}`);
  tracker.resetRate();
  near(tracker.allowedTransferMs, 8000);
});

Deno.test("TimeoutTracker weighs one transfer by a fifth", () => {
  using time = new ManualPerformance();
  const tracker = new TimeoutTracker();
  transfer(tracker, time, 5_000_000, 1000); // 5000 bytes/ms
  tracker.start(1_000_000);
  near(tracker.allowedTransferMs, 1_000_000 / ((62.5 + 0.2 * (5000 - 62.5)) / 4));
});

Deno.test("TimeoutTracker measures the rate only by answered messages of 10 kB or more", () => {
  using time = new ManualPerformance();
  const tracker = new TimeoutTracker();
  const allowedMs = () => {
    const done = tracker.start(1_000_000);
    const ms = tracker.allowedTransferMs;
    done(false);
    return ms;
  };
  transfer(tracker, time, 9_999, 1);
  const failed = tracker.start(1_000_000);
  time.advance(1);
  failed(false);
  near(allowedMs(), 16_000);
  transfer(tracker, time, 10_000, 1);
  assert.ok(allowedMs() < 8_000, `${allowedMs()}`);
});

Deno.test("TimeoutTracker takes an answer without a delay for a rate of 1 GB/s", () => {
  using time = new ManualPerformance();
  const tracker = new TimeoutTracker();
  transfer(tracker, time, 10_000, 0);
  tracker.start(5e8);
  const allowedMs = tracker.allowedTransferMs;
  assert.ok(allowedMs > 9_000 && allowedMs < 11_000, `${allowedMs}`);
});
