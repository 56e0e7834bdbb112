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

/** Frontal face whose box has its centre at x, y, as fractions of a square image. */
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
const INTERVAL_US = 200_000;

/** Feeds the tracker with detections and returns its state after each. */
function track(detections: Iterable<readonly Detection[]>, tracker = new FaceTracker()) {
  return Array.from(detections, (faces, index) => {
    const timeUs = index * INTERVAL_US;
    tracker.update(faces, { timeUs, aspect: 1, view: WHOLE, confirmThreshold: 0.72 });
    return { face: tracker.observe(timeUs), count: tracker.faceCount };
  });
}

Deno.test("FaceTracker confirms a face at its second detection", () => {
  const seen = track([[face()], [face()]]);
  assert.deepEqual(seen.map(({ face, count }) => [face !== undefined, count]), [[false, 0], [
    true,
    1,
  ]]);
});

Deno.test("FaceTracker never confirms a face by weak detections", () => {
  const seen = track(Array.from({ length: 50 }, () => [face({ score: 0.63 })]));
  assert.ok(seen.every(({ face, count }) => !face && count === 0));
});

Deno.test("FaceTracker keeps the box still despite the jitter of the detector", () => {
  const random = new Random(1);
  const jittering = Array.from({ length: 100 }, () => [
    face({
      x: 0.5 + 0.004 * random.normal(),
      y: 0.5 + 0.004 * random.normal(),
      width: 0.3 + 0.003 * random.normal(),
    }),
  ]);
  const boxes = track(jittering).map(({ face }) => face?.box.x).filter((x) => x !== undefined);
  assert.equal(new Set(boxes).size, 1);
});

Deno.test("FaceTracker follows a face that moved, then keeps the box still again", () => {
  const detections = Array.from(
    { length: 60 },
    (_, index) => [face({ x: index < 20 ? 0.4 : 0.47 })],
  );
  const boxes = track(detections).map(({ face }) => face?.box.x ?? 0);
  assert.ok(Math.abs((boxes.at(-1) ?? 0) + 0.15 - 0.47) < 0.01);
  assert.equal(new Set(boxes.slice(-15)).size, 1);
});

Deno.test("FaceTracker.translate() moves the box of the measured face", () => {
  const tracker = new FaceTracker();
  track(Array.from({ length: 5 }, () => [face()]), tracker);
  tracker.translate(0.02, -0.01);
  const box = tracker.observe(5 * INTERVAL_US)?.box;
  assert.ok(box && Math.abs(box.x - 0.37) < 1e-9 && Math.abs(box.y - 0.34) < 1e-9);
});

Deno.test("FaceTracker drops a lost face after less than a second", () => {
  const detections = [
    ...Array.from({ length: 5 }, () => [face()]),
    ...Array.from({ length: 6 }, () => []),
  ];
  const seen = track(detections).map(({ face }) => face !== undefined);
  assert.deepEqual(seen.slice(4), [true, true, true, true, true, false, false]);
});

Deno.test("FaceTracker does not count a miss for a face outside the view", () => {
  const tracker = new FaceTracker();
  track([[face()], [face()]], tracker);
  const view = { x: 0, y: 0, width: 0.2, height: 0.2 };
  tracker.update([], { timeUs: 3 * INTERVAL_US, aspect: 1, view, confirmThreshold: 0.72 });
  assert.equal(tracker.faceCount, 1);
});

Deno.test("FaceTracker starts a new track after a jump across the image", () => {
  const detections = [
    ...Array.from({ length: 5 }, () => [face({ x: 0.3 })]),
    ...Array.from({ length: 8 }, () => [face({ x: 0.75 })]),
  ];
  const tracks = track(detections).map(({ face }) => face?.track);
  assert.notEqual(tracks[4], tracks.at(-1));
});

Deno.test("FaceTracker measures the larger of two faces and counts both", () => {
  const two = [face({ x: 0.25, width: 0.2 }), face({ x: 0.7, width: 0.3 })];
  const last = track(Array.from({ length: 5 }, () => two)).at(-1);
  assert.equal(last?.count, 2);
  assert.ok((last?.face?.box.width ?? 0) > 0.25);
});

Deno.test("FaceTracker keeps its face if another is only slightly larger", () => {
  const detections = Array.from({ length: 40 }, (_, index) => {
    const grown = index < 5 ? [] : [face({ x: 0.75, width: 0.2 + 0.001 * index })];
    return [face({ x: 0.25, width: 0.2 }), ...grown];
  });
  const tracks = track(detections).slice(2).map(({ face }) => face?.track);
  assert.equal(new Set(tracks).size, 1);
});

Deno.test("FaceTracker reports the speed in face widths per second", () => {
  const detections = Array.from({ length: 20 }, (_, index) => [face({ x: 0.3 + 0.012 * index })]);
  const speed = track(detections).at(-1)?.face?.speed ?? 0;
  assert.ok(Math.abs(speed - 0.012 / 0.2 / 0.3) < 0.05, `${speed}`);
});

Deno.test("FaceTracker measures another face only if it is over 1.3 times as wide", () => {
  const tracksWith = (ratio: number) => {
    const detections = Array.from({ length: 12 }, (_, index) => [
      face({ x: 0.25, width: 0.2 }),
      ...(index < 5 ? [] : [face({ x: 0.75, width: 0.2 * ratio })]),
    ]);
    return new Set(track(detections).slice(2).map(({ face }) => face?.track)).size;
  };
  assert.equal(tracksWith(1.27), 1);
  assert.equal(tracksWith(1.33), 2);
});

Deno.test("FaceTracker associates a detection within 0.6 widths and of half to twice the width", () => {
  const confirmed = (next: FaceAt) =>
    track([[face({ x: 0.4, width: 0.2 })], [face({ x: 0.4, width: 0.2, ...next })]]).at(-1)!
      .count === 1;
  assert.ok(confirmed({ x: 0.4 + 0.58 * 0.2 }) && !confirmed({ x: 0.4 + 0.62 * 0.2 }));
  assert.ok(confirmed({ y: 0.5 - 0.58 * 0.2 }) && !confirmed({ y: 0.5 - 0.62 * 0.2 }));
  assert.ok(confirmed({ width: 0.102 }) && !confirmed({ width: 0.098 }));
  assert.ok(confirmed({ width: 0.398 }) && !confirmed({ width: 0.402 }));
});

Deno.test("FaceTracker confirms a tentative face after four misses, and forgets it after five", () => {
  const countAfter = (misses: number) =>
    track([[face()], ...Array.from({ length: misses }, () => []), [face()]]).at(-1)!.count;
  assert.equal(countAfter(4), 1);
  assert.equal(countAfter(5), 0);
});

Deno.test("FaceTracker observes a face until one second after its last detection", () => {
  const tracker = new FaceTracker();
  track([[face()], [face()]], tracker);
  assert.equal(tracker.observe(INTERVAL_US + 999_999)?.ageUs, 999_999);
  assert.equal(tracker.observe(INTERVAL_US + 1_000_000), undefined);
});

Deno.test("FaceTracker moves its box from 0.06 face widths on, until it is within 0.012", () => {
  const moves = (widths: number) => {
    const tracker = new FaceTracker();
    track([[face()], [face()]], tracker);
    // The smoothed box moves by this fraction of the distance of the detection.
    const gain = (off: number) => 0.25 + 2.5 * off;
    let off = 0;
    while (off * gain(off) < widths) off += 1e-5;
    tracker.update([face({ x: 0.5 + 0.3 * off })], {
      timeUs: 2 * INTERVAL_US,
      aspect: 1,
      view: WHOLE,
      confirmThreshold: 0.72,
    });
    tracker.observe(2 * INTERVAL_US);
    return { tracker, moving: tracker.moving };
  };
  assert.equal(moves(0.057).moving, false);
  const { tracker, moving } = moves(0.063);
  assert.equal(moving, true);
  let elapsedUs = 2 * INTERVAL_US;
  const target = 0.35 + 0.3 * 0.063;
  let distance = 0;
  while (tracker.moving) {
    elapsedUs += 5_000;
    distance = Math.abs(target - tracker.observe(elapsedUs)!.box.x) / 0.3;
  }
  // The box follows with a time constant of 150 ms, by 3 % in 5 ms.
  assert.ok(distance < 0.012 && distance > 0.012 / 1.04, `${distance}`);
});
