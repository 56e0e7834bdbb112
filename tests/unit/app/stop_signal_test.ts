import assert from "node:assert/strict";
import { stopSignal } from "../../../src/app/stop_signal.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { FakeSignals } from "../../support/fake_signals.ts";
import { HeldTimers } from "../../support/held_timers.ts";

Deno.test("stopSignal() aborts on SIGTERM and on SIGINT", async () => {
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    using signals = new FakeSignals();
    using stop = stopSignal(silentLog);
    assert.equal(stop.signal.aborted, false);
    signals.send(name);
    assert.equal(stop.signal.aborted, true);
    await stop.stopped;
    assert.deepEqual(signals.exits, []);
  }
});

Deno.test("stopSignal() ends the process with 130 on a second signal", () => {
  using signals = new FakeSignals();
  using _stop = stopSignal(silentLog);
  signals.send("SIGTERM");
  signals.send("SIGINT");
  assert.deepEqual(signals.exits, [130]);
});

Deno.test("StopSignal.stop() aborts the signal, and `stopped` resolves only then", async () => {
  using _signals = new FakeSignals();
  using stop = stopSignal(silentLog);
  let stopped = false;
  const waiting = stop.stopped.then(() => stopped = true);
  await Promise.resolve();
  assert.equal(stopped, false);
  stop.stop();
  await waiting;
  assert.equal(stop.signal.aborted, true);
});

Deno.test("StopSignal.stopAfter() aborts the signal after this number of seconds", () => {
  using timers = new HeldTimers();
  using _signals = new FakeSignals();
  using stop = stopSignal(silentLog);
  stop.stopAfter(10);
  timers.advance(9_000);
  assert.equal(stop.signal.aborted, false);
  timers.advance(2_000);
  assert.equal(stop.signal.aborted, true);
});

Deno.test("StopSignal leaves no handler and no timer when it is disposed", () => {
  using timers = new HeldTimers();
  using signals = new FakeSignals();
  {
    using stop = stopSignal(silentLog);
    stop.stopAfter(10);
    assert.deepEqual([...signals.handled].sort(), ["SIGINT", "SIGTERM"]);
  }
  assert.deepEqual([signals.handled, timers.remainingMs], [[], []]);
});
