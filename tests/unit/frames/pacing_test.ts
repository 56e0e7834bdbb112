import assert from "node:assert/strict";
import fc from "fast-check";
import { FramePacing, type FramePublishPolicy } from "../../../src/frames/pacing.ts";

const WANTED = { wanted: true, degradation: 0 };
const UNWANTED = { wanted: false, degradation: 0 };

/** Returns the number of frames that are due of `seconds` of frames at `fps`. */
function countDue(
  pacing: FramePacing,
  { fps = 30, seconds = 10, startS = 0, demand = WANTED, jitterUs = (_: number) => 0 },
): number {
  let count = 0;
  for (let i = 0; i < fps * seconds; i++) {
    const timeUs = startS * 1e6 + i * 1e6 / fps + jitterUs(i);
    if (pacing.isDue(timeUs, demand)) count++;
  }
  return count;
}

const pacingOf = (policy: FramePublishPolicy, maxFps?: number) =>
  new FramePacing({ policy, maxFps });

Deno.test("FramePacing publishes every frame while there is a receiver", () => {
  assert.equal(countDue(pacingOf("on_demand"), {}), 300);
});

Deno.test("FramePacing publishes no frame while there is no receiver, at any degradation", () => {
  for (const degradation of [0, 1]) {
    assert.equal(countDue(pacingOf("on_demand"), { demand: { wanted: false, degradation } }), 0);
  }
});

Deno.test("FramePacing returns to the full rate with the first frame after a receiver came", () => {
  const pacing = pacingOf("on_demand");
  countDue(pacing, { demand: UNWANTED });
  assert.equal(countDue(pacing, { startS: 10, seconds: 1 }), 30);
});

Deno.test("FramePacing ignores the demand if the policy is always or never", () => {
  assert.equal(countDue(pacingOf("always"), { demand: UNWANTED }), 300);
  assert.equal(countDue(pacingOf("never"), {}), 0);
});

Deno.test("FramePacing keeps the maximum rate on average, despite jitter", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 30 }), fc.integer(), (maxFps, seed) => {
    const jitterUs = (i: number) => ((seed ^ (i * 2654435761)) >>> 0) % 6000;
    const count = countDue(pacingOf("always", maxFps), { seconds: 20, jitterUs });
    assert.ok(Math.abs(count - 20 * maxFps) <= 2, `${count} frames at ${maxFps} fps`);
  }));
});

Deno.test("FramePacing publishes fewer frames at a higher degradation", () => {
  const counts = [0, 0.25, 0.5, 1].map((degradation) =>
    countDue(pacingOf("always"), { demand: { wanted: true, degradation } })
  );
  assert.ok(counts.every((count, i) => i === 0 || count < counts[i - 1]!), String(counts));
});

Deno.test("FramePacing.isDue() accepts a frame up to 10 ms early, and none that is earlier", () => {
  const isDueAt = (us: number) => {
    const pacing = pacingOf("always", 5);
    assert.equal(pacing.isDue(0, WANTED), true);
    return pacing.isDue(us, WANTED);
  };
  assert.deepEqual([189_000, 191_000, 200_000].map(isDueAt), [false, true, true]);
});

Deno.test("FramePacing.isDue() accepts a frame up to a quarter of a short interval early", () => {
  const isDueAt = (us: number) => {
    const pacing = pacingOf("always", 50);
    pacing.isDue(0, WANTED);
    return pacing.isDue(us, WANTED);
  };
  assert.deepEqual([14_500, 15_500].map(isDueAt), [false, true]);
});

Deno.test("FramePacing.isDue() keeps its schedule over early and late frames up to one interval", () => {
  const dueAfter = (secondUs: number, times: readonly number[]) => {
    const pacing = pacingOf("always", 5);
    for (const us of [0, secondUs]) assert.equal(pacing.isDue(us, WANTED), true, `${us}`);
    return times.map((us) => pacing.isDue(us, WANTED));
  };
  // The second frame was scheduled for 200 ms, so the third is for 400 ms.
  assert.deepEqual(dueAfter(191_000, [389_000, 391_000]), [false, true]);
  assert.deepEqual(dueAfter(380_000, [389_000, 391_000]), [false, true]);
  // After a gap, the schedule begins again with the frame.
  assert.deepEqual(dueAfter(420_000, [609_000, 611_000]), [false, true]);
});

Deno.test("FramePacing.isDue() ignores a time that was scheduled at a lower rate", () => {
  const pacing = pacingOf("always", 10);
  assert.equal(pacing.isDue(0, { wanted: true, degradation: 1 }), true);
  // The next frame was scheduled in one second, at present the interval is 0.1 s.
  assert.equal(pacing.isDue(800_000, WANTED), true);
  assert.deepEqual([889_000, 891_000].map((us) => pacing.isDue(us, WANTED)), [false, true]);
});

Deno.test("FramePacing publishes the exact share of a camera's frames at a degradation", () => {
  const countAt = (degradation: number, maxFps?: number) =>
    countDue(pacingOf("always", maxFps), { seconds: 60, demand: { wanted: true, degradation } });
  // The factor of the frame rate is linear from 1 to 0.1, of 30 or of the maximum rate.
  for (const [degradation, fps] of [[0.2, 24.6], [0.5, 16.5], [1, 3]] as const) {
    assert.ok(Math.abs(countAt(degradation) - 60 * fps) < 30, `${countAt(degradation)}`);
  }
  assert.ok(Math.abs(countAt(0.5, 10) - 60 * 5.5) < 20, `${countAt(0.5, 10)}`);
});
