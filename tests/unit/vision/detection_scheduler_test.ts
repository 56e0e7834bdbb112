import assert from "node:assert/strict";
import { DetectionScheduler } from "../../../src/vision/detection_scheduler.ts";

const IMAGE = { width: 640, height: 480 };
const NO_FACE = { confirmed: false } as const;

Deno.test("DetectionScheduler without a face alternates the upright full frame with all other views", () => {
  const scheduler = new DetectionScheduler();
  const requests = Array.from({ length: 36 }, () => scheduler.next(NO_FACE, IMAGE));
  const even = requests.filter((_, index) => index % 2 === 0);
  assert.ok(even.every(({ view, rotation }) => view.size === 640 && rotation === 0));
  const odd = requests.filter((_, index) => index % 2 === 1);
  assert.deepEqual(new Set(odd.map(({ rotation }) => rotation)), new Set([0, 1, 2, 3]));
  const closer = odd.filter(({ view }) => view.size === 320);
  for (const [x, y] of [[10, 10], [630, 10], [10, 470], [630, 470], [320, 240]] as const) {
    const covered = closer.some(({ view }) =>
      x >= view.x && x <= view.x + view.size && y >= view.y && y <= view.y + view.size
    );
    assert.ok(covered, `${x}, ${y}`);
  }
});

Deno.test("DetectionScheduler searches the full frame for a large face, and close-ups for a small one", () => {
  const viewSizes = (width: number) => {
    const scheduler = new DetectionScheduler();
    const face = { x: 0.4, y: 0.4, width, height: width };
    return Array.from(
      { length: 8 },
      () => scheduler.next({ face, confirmed: true }, IMAGE).view.size,
    );
  };
  assert.deepEqual(new Set(viewSizes(0.3)), new Set([640]));
  const small = viewSizes(0.1);
  assert.equal(small.filter((size) => size === 640).length, 2);
  assert.equal(small.filter((size) => size === 0.1 * 640 * 3.5).length, 6);
});

Deno.test("DetectionScheduler rotates the view of a tentative face until the score is high", () => {
  const scheduler = new DetectionScheduler();
  const face = { x: 0.4, y: 0.4, width: 0.15, height: 0.2 };
  const rotations = [0.6, 0.6, 0.6, 0.6].map((score) =>
    scheduler.next({ face, confirmed: false, score }, IMAGE).rotation
  );
  assert.deepEqual(new Set(rotations), new Set([0, 1, 2, 3]));
  const kept = scheduler.next({ face, confirmed: false, score: 0.9 }, IMAGE).rotation;
  assert.equal(kept, rotations.at(-1));
  assert.equal(scheduler.next({ face, confirmed: true, score: 0.9 }, IMAGE).rotation, kept);
});
