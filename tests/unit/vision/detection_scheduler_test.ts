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

type View = readonly [x: number, y: number, size: number];

/** The views of the first searches in a half of the image. */
function halfViews(image: { width: number; height: number }): View[] {
  const scheduler = new DetectionScheduler();
  const views: View[] = [];
  for (let index = 0; index < 40; index++) {
    const { view: { x, y, size }, rotation } = scheduler.next(NO_FACE, image);
    if (rotation !== 0 && views.length > 0) break;
    if (size < Math.max(image.width, image.height)) views.push([x, y, size]);
  }
  return views;
}

for (
  const { name, image, columns, rows } of [
    { name: "a wide image", image: IMAGE, columns: [160, 0, 320], rows: [0, 160] },
    {
      name: "a tall image",
      image: { width: 480, height: 640 },
      columns: [80, 0, 160],
      rows: [160, 0, 320],
    },
    {
      name: "a square image",
      image: { width: 400, height: 400 },
      columns: [100, 0, 200],
      rows: [100, 0, 200],
    },
    {
      name: "an image hardly wider than half of its height",
      image: { width: 398, height: 640 },
      columns: [39],
      rows: [160, 0, 320],
    },
    {
      name: "an image a little wider than that",
      image: { width: 402, height: 640 },
      columns: [41, 0, 82],
      rows: [160, 0, 320],
    },
  ]
) {
  Deno.test(`DetectionScheduler covers ${name} by squares of half its longer side`, () => {
    const size = Math.max(image.width, image.height) / 2;
    assert.deepEqual(halfViews(image), rows.flatMap((y) => columns.map((x) => [x, y, size])));
  });
}

Deno.test("DetectionScheduler without a face looks at half views, then rotates the full frame, and repeats", () => {
  const scheduler = new DetectionScheduler();
  const others = Array.from({ length: 40 }, () => scheduler.next(NO_FACE, IMAGE))
    .filter((_, index) => index % 2 === 1);
  const round = [...Array(6).fill("half 0"), "full 1", "full 3", "full 2"];
  const seen = others.map(({ view, rotation }) =>
    `${view.size === 320 ? "half" : "full"} ${rotation}`
  );
  assert.deepEqual(seen, [...round, ...round, "half 0", "half 0"]);
  assert.deepEqual(others[6]?.view, { x: 0, y: -80, size: 640 });
});

Deno.test("DetectionScheduler asks for higher scores of a new face, in a part of the frame or rotated", () => {
  const scheduler = new DetectionScheduler();
  const requests = Array.from({ length: 18 }, () => scheduler.next(NO_FACE, IMAGE));
  for (const { view, rotation, threshold, confirmThreshold } of requests) {
    assert.equal(threshold, 0.5);
    assert.equal(confirmThreshold, view.size === 640 && rotation === 0 ? 0.72 : 0.8);
  }
  const known = (width: number) => {
    const face = { x: 0.4, y: 0.4, width, height: width };
    const { threshold, confirmThreshold } = new DetectionScheduler()
      .next({ face, confirmed: true }, IMAGE);
    return [threshold, confirmThreshold];
  };
  assert.deepEqual(known(0.3), [0.4, 0.72]);
  assert.deepEqual(known(0.1), [0.4, 0.8]);
});

Deno.test("DetectionScheduler centres a close-up of 3.5 face widths on the face, within the frame", () => {
  const viewOf = (width: number, confirmed: boolean) =>
    new DetectionScheduler().next(
      { face: { x: 0.4, y: 0.5, width, height: 0.2 }, confirmed },
      IMAGE,
    ).view;
  assert.deepEqual(viewOf(0.1, true), { x: 288 - 112, y: 288 - 112, size: 224 });
  assert.deepEqual(viewOf(0.5, false), { x: 416 - 320, y: 288 - 320, size: 640 });
});

Deno.test("DetectionScheduler searches the full frame for a face from 0.2 of its size on", () => {
  const sizeOf = (width: number, image = IMAGE) =>
    new DetectionScheduler().next(
      { face: { x: 0, y: 0, width, height: 0.1 }, confirmed: true },
      image,
    )
      .view.size;
  assert.equal(sizeOf(0.201), 640);
  assert.ok(sizeOf(0.199) < 640);
  const tall = { width: 480, height: 640 };
  assert.equal(sizeOf(0.27, tall), 640);
  assert.ok(sizeOf(0.26, tall) < 640);
});

Deno.test("DetectionScheduler scans the full frame with every fourth detection of a confirmed face only", () => {
  const face = { x: 0.4, y: 0.4, width: 0.1, height: 0.1 };
  const full = (confirmed: boolean) => {
    const scheduler = new DetectionScheduler();
    return Array.from({ length: 12 }, (_, index) => index + 1)
      .filter(() => scheduler.next({ face, confirmed, score: 0.9 }, IMAGE).view.size === 640);
  };
  assert.deepEqual(full(true), [4, 8, 12]);
  assert.deepEqual(full(false), []);
});

Deno.test("DetectionScheduler takes the full frame for a large tentative face with a strong score", () => {
  const face = { x: 0.4, y: 0.3, width: 0.25, height: 0.3 };
  const next = (scheduler: DetectionScheduler, score?: number) => {
    const target = { face, confirmed: false, ...score !== undefined && { score } };
    const { view, rotation } = scheduler.next(target, IMAGE);
    return [view.size, rotation];
  };
  // The first score counts against the full frame, the others against the last view.
  assert.deepEqual(next(new DetectionScheduler(), 0.73), [640, 0]);
  assert.deepEqual(next(new DetectionScheduler(), 0.71), [560, 1]);
  assert.deepEqual(next(new DetectionScheduler()), [560, 1]);
  const scheduler = new DetectionScheduler();
  const turns = [0.7, 0.79, 0.7, 0.7, 0.81, 0.81].map((score) => next(scheduler, score));
  assert.deepEqual(turns, [[560, 1], [560, 3], [560, 2], [560, 0], [640, 0], [640, 0]]);
});
