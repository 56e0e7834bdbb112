import assert from "node:assert/strict";
import type { DetectionTarget } from "../../../src/vision/detection_scheduler.ts";
import { DetectionTiming } from "../../../src/vision/detection_timing.ts";

const BOX = { x: 0.4, y: 0.4, width: 0.2, height: 0.2 };
const CONFIRMED: DetectionTarget = { face: BOX, confirmed: true };
const TENTATIVE: DetectionTarget = { face: BOX, confirmed: false };
const NONE: DetectionTarget = { confirmed: false };

for (
  const [name, target, isStill, intervalUs] of [
    ["a tracked face", CONFIRMED, false, 200_000],
    ["a tracked face that is still", CONFIRMED, true, 500_000],
    ["a face that was missed", { ...CONFIRMED, missed: true }, true, 50_000],
    ["no face", NONE, false, 100_000],
  ] as const
) {
  Deno.test(`DetectionTiming detects ${name} every ${intervalUs / 1000} ms`, () => {
    const timing = new DetectionTiming();
    assert.ok(timing.isDue(5, { target, isStill }), "the first is due at once");
    timing.onStart(5, target);
    assert.ok(!timing.isDue(5 + intervalUs - 1, { target, isStill }));
    assert.ok(timing.isDue(5 + intervalUs, { target, isStill }));
    timing.reset();
    assert.ok(timing.isDue(5, { target, isStill }));
  });
}

Deno.test("DetectionTiming detects a tentative face six times without delay", () => {
  const timing = new DetectionTiming();
  const isDue = () => timing.isDue(0, { target: TENTATIVE, isStill: false });
  const dues = Array.from({ length: 8 }, () => {
    const due = isDue();
    if (due) timing.onStart(0, TENTATIVE);
    return due;
  });
  assert.deepEqual(dues, [true, true, true, true, true, true, false, false]);
  timing.onStart(0, NONE);
  assert.ok(isDue(), "another tentative face");
});
