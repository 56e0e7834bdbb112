import assert from "node:assert/strict";
import type { Detection } from "../../../src/vision/blazeface.ts";
import { FaceTracker } from "../../../src/vision/face_tracker.ts";
import { Random } from "../../support/random.ts";

interface FaceAt {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly score?: number;
}

/** A face seen from the front, its box's centre at x, y in shares of a square picture. */
function face({ x = 0.5, y = 0.5, width = 0.3, score = 0.9 }: FaceAt = {}): Detection {
  const at = (dx: number, dy: number) => ({ x: x + dx * width, y: y + dy * width });
  return {
    score,
    box: { x: x - width / 2, y: y - width / 2, width, height: width },
    landmarks: {
      rightEye: at(-0.2, -0.2),
      leftEye: at(0.2, -0.2),
      nose: at(0, 0),
      mouth: at(0, 0.2),
      rightEar: at(-0.4, -0.1),
      leftEar: at(0.4, -0.1),
    },
  };
}

const WHOLE = { x: 0, y: 0, width: 1, height: 1 };
const LOOK_US = 200_000;

/** Feeds detections, one look after the other, and tells what is seen after each. */
function watch(looks: Iterable<readonly Detection[]>, tracker = new FaceTracker()) {
  return Array.from(looks, (detections, index) => {
    const timeUs = index * LOOK_US;
    tracker.update(detections, { timeUs, aspect: 1, view: WHOLE, good: 0.72 });
    return { face: tracker.observe(timeUs), count: tracker.faceCount };
  });
}

Deno.test("one detection is no face yet, two in a row are", () => {
  const seen = watch([[face()], [face()]]);
  assert.deepEqual(seen.map(({ face, count }) => [face !== undefined, count]), [[false, 0], [
    true,
    1,
  ]]);
});

Deno.test("poor detections never become a face", () => {
  const seen = watch(Array.from({ length: 50 }, () => [face({ score: 0.63 })]));
  assert.ok(seen.every(({ face, count }) => !face && count === 0));
});

Deno.test("the box rests while the detector's trembles", () => {
  const random = new Random(1);
  const trembling = Array.from({ length: 100 }, () => [
    face({
      x: 0.5 + 0.004 * random.normal(),
      y: 0.5 + 0.004 * random.normal(),
      width: 0.3 + 0.003 * random.normal(),
    }),
  ]);
  const boxes = watch(trembling).map(({ face }) => face?.box.x).filter((x) => x !== undefined);
  assert.equal(new Set(boxes).size, 1);
});

Deno.test("the box follows a face that moved, and rests again", () => {
  const looks = Array.from({ length: 60 }, (_, index) => [face({ x: index < 20 ? 0.4 : 0.47 })]);
  const boxes = watch(looks).map(({ face }) => face?.box.x ?? 0);
  assert.ok(Math.abs((boxes.at(-1) ?? 0) + 0.15 - 0.47) < 0.01);
  assert.equal(new Set(boxes.slice(-15)).size, 1);
});

Deno.test("a face that is carried by its motion keeps its place against late detections", () => {
  const tracker = new FaceTracker();
  watch(Array.from({ length: 5 }, () => [face()]), tracker);
  tracker.carry(0.02, -0.01);
  const box = tracker.observe(5 * LOOK_US)?.box;
  assert.ok(box && Math.abs(box.x - 0.37) < 1e-9 && Math.abs(box.y - 0.34) < 1e-9);
});

Deno.test("a face that is lost is shown for less than a second", () => {
  const looks = [
    ...Array.from({ length: 5 }, () => [face()]),
    ...Array.from({ length: 6 }, () => []),
  ];
  const seen = watch(looks).map(({ face }) => face !== undefined);
  assert.deepEqual(seen.slice(4), [true, true, true, true, true, false, false]);
});

Deno.test("what lies outside of the view is not missed", () => {
  const tracker = new FaceTracker();
  watch([[face()], [face()]], tracker);
  const view = { x: 0, y: 0, width: 0.2, height: 0.2 };
  tracker.update([], { timeUs: 3 * LOOK_US, aspect: 1, view, good: 0.72 });
  assert.equal(tracker.faceCount, 1);
});

Deno.test("a jump across the picture starts a new track", () => {
  const looks = [
    ...Array.from({ length: 5 }, () => [face({ x: 0.3 })]),
    ...Array.from({ length: 8 }, () => [face({ x: 0.75 })]),
  ];
  const tracks = watch(looks).map(({ face }) => face?.track);
  assert.notEqual(tracks[4], tracks.at(-1));
});

Deno.test("of two faces the larger is measured, and both are counted", () => {
  const two = [face({ x: 0.25, width: 0.2 }), face({ x: 0.7, width: 0.3 })];
  const last = watch(Array.from({ length: 5 }, () => two)).at(-1);
  assert.equal(last?.count, 2);
  assert.ok((last?.face?.box.width ?? 0) > 0.25);
});

Deno.test("a face hardly larger does not take over", () => {
  const looks = Array.from({ length: 40 }, (_, index) => {
    const grown = index < 5 ? [] : [face({ x: 0.75, width: 0.2 + 0.001 * index })];
    return [face({ x: 0.25, width: 0.2 }), ...grown];
  });
  const tracks = watch(looks).slice(2).map(({ face }) => face?.track);
  assert.equal(new Set(tracks).size, 1);
});

Deno.test("speed is in widths of the face per second", () => {
  const looks = Array.from({ length: 20 }, (_, index) => [face({ x: 0.3 + 0.012 * index })]);
  const speed = watch(looks).at(-1)?.face?.speed ?? 0;
  assert.ok(Math.abs(speed - 0.012 / 0.2 / 0.3) < 0.05, `${speed}`);
});
