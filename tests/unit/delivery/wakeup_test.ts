import assert from "node:assert/strict";
import { Wakeup } from "../../../src/delivery/wakeup.ts";
import { ManualClock } from "../../support/manual_clock.ts";

/** Waits for 100 ms on a wakeup; `woken` is the number of waits that ended. */
function start() {
  const clock = new ManualClock();
  const wakeup = new Wakeup();
  const state = { woken: 0 };
  const wait = () => void wakeup.wait(clock, 100).then(() => state.woken++);
  return { clock, wakeup, state, wait };
}

Deno.test("Wakeup.wait() ends after its time", async () => {
  const { clock, state, wait } = start();
  wait();
  await clock.advance(99.999);
  assert.equal(state.woken, 0);
  await clock.advance(0.001);
  assert.equal(state.woken, 1);
});

Deno.test("Wakeup.notify() ends the current wait and no later one", async () => {
  const { clock, wakeup, state, wait } = start();
  wait();
  await clock.advance(1);
  wakeup.notify();
  await clock.advance(0);
  assert.equal(state.woken, 1);
  wait();
  await clock.advance(99);
  assert.equal(state.woken, 1);
  await clock.advance(1);
  assert.equal(state.woken, 2);
});

Deno.test("Wakeup.notify() before a wait ends that wait at once, and only that one", async () => {
  const { clock, wakeup, state, wait } = start();
  wakeup.notify();
  wakeup.notify();
  wait();
  await clock.advance(0);
  assert.equal(state.woken, 1);
  wait();
  await clock.advance(99);
  assert.equal(state.woken, 1);
  await clock.advance(1);
  assert.equal(state.woken, 2);
});
