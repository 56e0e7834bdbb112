import assert from "node:assert/strict";
import { StillSampler } from "../../../src/web/still_sampler.ts";
import { HeldTimers } from "../../support/held_timers.ts";

function open(random = 0.5) {
  const calls: string[] = [];
  const sampler = new StillSampler({
    open: (device) => calls.push(`open ${device}`),
    close: (device) => calls.push(`close ${device}`),
    random: () => random,
  });
  return { sampler, calls: () => calls.splice(0) };
}

Deno.test("StillSampler opens a device until its first frame, and again after a second", () => {
  using timers = new HeldTimers();
  const { sampler, calls } = open();
  sampler.start("a");
  sampler.start("a");
  timers.advance(10_000);
  assert.deepEqual(calls(), ["open a"]);
  sampler.onFrame("a");
  sampler.onFrame("a");
  assert.deepEqual(calls(), ["close a"]);
  timers.advance(1450);
  assert.deepEqual(calls(), []);
  timers.advance(100);
  assert.deepEqual(calls(), ["open a"]);
  sampler.onFrame("a");
  timers.advance(950);
  assert.deepEqual(calls(), ["close a"]);
  timers.advance(100);
  assert.deepEqual(calls(), ["open a"]);
});

Deno.test("StillSampler.stop() closes a device that is open, and leaves no timer", () => {
  using timers = new HeldTimers();
  const { sampler, calls } = open();
  for (const device of ["a", "b"]) sampler.start(device);
  sampler.onFrame("b");
  sampler.onFrame("unknown");
  sampler.stop("a");
  sampler.stop("b");
  sampler.stop("unknown");
  assert.deepEqual(calls(), ["open a", "open b", "close b", "close a"]);
  assert.deepEqual(timers.remainingMs, []);
  sampler.start("c");
  sampler[Symbol.dispose]();
  assert.deepEqual(calls(), ["open c", "close c"]);
});
