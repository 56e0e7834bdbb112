import assert from "node:assert/strict";
import fc from "fast-check";
import { FramePacing, type FramePublish, quantizerScaleFor } from "../../../src/frames/pacing.ts";

const WANTED = { wanted: true, degradation: 0 };
const UNWANTED = { wanted: false, degradation: 0 };

/** How many of `seconds` of frames at `fps` are due. */
function due(
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

const pacingOf = (policy: FramePublish, maxFps?: number) => new FramePacing({ policy, maxFps });

Deno.test("every frame is due while somebody receives", () => {
  assert.equal(due(pacingOf("on_demand"), {}), 300);
});

Deno.test("one frame a second is due while nobody receives", () => {
  assert.equal(due(pacingOf("on_demand"), { demand: UNWANTED }), 10);
});

Deno.test("the full rate is back with the first frame after somebody came", () => {
  const pacing = pacingOf("on_demand");
  due(pacing, { demand: UNWANTED });
  assert.equal(due(pacing, { startS: 10, seconds: 1 }), 30);
});

Deno.test("always ignores demand and never is never", () => {
  assert.equal(due(pacingOf("always"), { demand: UNWANTED }), 300);
  assert.equal(due(pacingOf("never"), {}), 0);
});

Deno.test("a given rate is kept on average, and jitter does not halve it", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 30 }), fc.integer(), (maxFps, seed) => {
    const jitterUs = (i: number) => ((seed ^ (i * 2654435761)) >>> 0) % 6000;
    const count = due(pacingOf("always", maxFps), { seconds: 20, jitterUs });
    assert.ok(Math.abs(count - 20 * maxFps) <= 2, `${count} frames at ${maxFps} a second`);
  }));
});

Deno.test("a slow link thins the frames, the more the slower", () => {
  const counts = [0, 0.25, 0.5, 1].map((degradation) =>
    due(pacingOf("always"), { demand: { wanted: true, degradation } })
  );
  assert.ok(counts.every((count, i) => i === 0 || count < counts[i - 1]!), String(counts));
});

Deno.test("a slow link makes pictures coarser step by step", () => {
  assert.equal(quantizerScaleFor(0), 1);
  for (let step = 0.1; step <= 1; step += 0.1) {
    const ratio = quantizerScaleFor(step) / quantizerScaleFor(step - 0.1);
    assert.ok(ratio > 1.3 && ratio < 1.5, `${ratio}`);
  }
});
