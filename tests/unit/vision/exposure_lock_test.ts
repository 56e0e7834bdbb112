import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { ExposureLock } from "../../../src/vision/exposure_lock.ts";
import { goodFace, goodSample, type SampleParts } from "../../support/samples.ts";

/** Passes samples of a still face, in good light, to a lock. */
function start() {
  const lock = new ExposureLock();
  const sampleAt = (ms: number, parts: SampleParts = {}) =>
    goodSample({ ...parts, timeUs: monotonicUs(1_000_000 + Math.round(ms * 1000)) });
  const observe = (ms: number, parts: SampleParts = {}) => lock.observe(sampleAt(ms, parts));
  const observeNoFace = (ms: number) => {
    const { face: _face, ...sample } = sampleAt(ms);
    return lock.observe(sample);
  };
  return { lock, observe, observeNoFace };
}

/** A lock that has locked at 3 s. */
function startLocked() {
  const started = start();
  started.observe(0);
  assert.equal(started.observe(3000), "lock");
  return started;
}

Deno.test("ExposureLock.observe() locks after 3 s, once", () => {
  const { observe } = start();
  assert.equal(observe(0), undefined);
  assert.equal(observe(2999.999), undefined);
  assert.equal(observe(3000), "lock");
  assert.equal(observe(6000), undefined);
});

for (
  const { name, parts, steady } of [
    { name: "a face at 0.149 widths/s", parts: { face: goodFace({ speed: 0.149 }) }, steady: true },
    { name: "a face at 0.15 widths/s", parts: { face: goodFace({ speed: 0.15 }) }, steady: false },
    { name: "a luma of 50", parts: { brightness: 50 }, steady: false },
    { name: "a luma of 50.1", parts: { brightness: 50.1 }, steady: true },
    { name: "a luma of 209.9", parts: { brightness: 209.9 }, steady: true },
    { name: "a luma of 210", parts: { brightness: 210 }, steady: false },
  ] as { name: string; parts: SampleParts; steady: boolean }[]
) {
  Deno.test(`ExposureLock.observe() ${steady ? "locks" : "waits 3 s more"} after ${name}`, () => {
    const { observe } = start();
    observe(0);
    observe(1000, parts);
    assert.equal(observe(3000), steady ? "lock" : undefined);
    if (steady) return;
    assert.equal(observe(3999.999), undefined);
    assert.equal(observe(4000), "lock");
  });
}

Deno.test("ExposureLock.observe() unlocks when there was no face for 10 s, and locks again later", () => {
  const { observe, observeNoFace } = startLocked();
  observe(5000);
  assert.equal(observeNoFace(14_999.999), undefined);
  assert.equal(observeNoFace(15_000), "unlock");
  assert.equal(observe(17_999), undefined);
  assert.equal(observe(18_000), "lock");
});

for (
  const [brightness, advice] of [
    [40, "unlock"],
    [40.1, undefined],
    [219.9, undefined],
    [220, "unlock"],
  ] as const
) {
  Deno.test(`ExposureLock.observe() advises ${advice ?? "nothing"} at a luma of ${brightness}`, () => {
    assert.equal(startLocked().observe(4000, { brightness }), advice);
  });
}

for (const middle of [50, 210]) {
  Deno.test(`ExposureLock.observe() locks once in a scene whose luma varies about ${middle}`, () => {
    const { observe } = start();
    const inside = middle < 128 ? 3 : -3;
    observe(0, { brightness: middle + inside });
    const advices: string[] = [];
    for (let ms = 100; ms < 60_000; ms += 100) {
      const brightness = middle + inside * Math.cos(2 * Math.PI * ms / 20_000);
      const advice = observe(ms, { brightness });
      if (advice) advices.push(advice);
    }
    assert.deepEqual(advices, ["lock"]);
  });
}

Deno.test("ExposureLock.reset() begins with an unlocked camera, which is locked after 3 s", () => {
  const { lock, observe } = startLocked();
  lock.reset();
  assert.equal(observe(10_000), undefined);
  assert.equal(observe(12_999.999), undefined);
  assert.equal(observe(13_000), "lock");
});
