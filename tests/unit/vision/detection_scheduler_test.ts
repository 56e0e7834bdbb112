import assert from "node:assert/strict";
import { DetectionScheduler } from "../../../src/vision/detection_scheduler.ts";

const PICTURE = { width: 640, height: 480 };
const NOBODY = { confirmed: false } as const;

Deno.test("where nobody is, every other look is upright and whole, the others go everywhere", () => {
  const scheduler = new DetectionScheduler();
  const looks = Array.from({ length: 36 }, () => scheduler.next(NOBODY, PICTURE));
  const even = looks.filter((_, index) => index % 2 === 0);
  assert.ok(even.every(({ view, turns }) => view.size === 640 && turns === 0));
  const odd = looks.filter((_, index) => index % 2 === 1);
  assert.deepEqual(new Set(odd.map(({ turns }) => turns)), new Set([0, 1, 2, 3]));
  const close = odd.filter(({ view }) => view.size === 320);
  for (const [x, y] of [[10, 10], [630, 10], [10, 470], [630, 470], [320, 240]] as const) {
    const covered = close.some(({ view }) =>
      x >= view.x && x <= view.x + view.size && y >= view.y && y <= view.y + view.size
    );
    assert.ok(covered, `${x}, ${y}`);
  }
});

Deno.test("a large face is watched in the whole picture, a small one closely and around", () => {
  const watch = (width: number) => {
    const scheduler = new DetectionScheduler();
    const face = { x: 0.4, y: 0.4, width, height: width };
    return Array.from(
      { length: 8 },
      () => scheduler.next({ face, confirmed: true }, PICTURE).view.size,
    );
  };
  assert.deepEqual(new Set(watch(0.3)), new Set([640]));
  const small = watch(0.1);
  assert.equal(small.filter((size) => size === 640).length, 2);
  assert.equal(small.filter((size) => size === 0.1 * 640 * 3.5).length, 6);
});

Deno.test("what may be a face is looked at from every side until one is good", () => {
  const scheduler = new DetectionScheduler();
  const face = { x: 0.4, y: 0.4, width: 0.15, height: 0.2 };
  const turns = [0.6, 0.6, 0.6, 0.6].map((score) =>
    scheduler.next({ face, confirmed: false, score }, PICTURE).turns
  );
  assert.deepEqual(new Set(turns), new Set([0, 1, 2, 3]));
  const stay = scheduler.next({ face, confirmed: false, score: 0.9 }, PICTURE).turns;
  assert.equal(stay, turns.at(-1));
  assert.equal(scheduler.next({ face, confirmed: true, score: 0.9 }, PICTURE).turns, stay);
});
