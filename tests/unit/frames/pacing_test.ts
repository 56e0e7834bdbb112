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

Deno.test("FramePacing publishes one frame a second while there is no receiver", () => {
  assert.equal(countDue(pacingOf("on_demand"), { demand: UNWANTED }), 10);
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
