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

Deno.test("FaceTracker drops a lost face after 0.4 s", () => {
  const detections = [
    ...Array.from({ length: 5 }, () => [face()]),
    ...Array.from({ length: 6 }, () => []),
  ];
  const seen = track(detections).map(({ face }) => face !== undefined);
  assert.deepEqual(seen.slice(4), [true, true, false, false, false, false, false]);
});

Deno.test("FaceTracker does not count a miss for a face outside the view", () => {
  const tracker = new FaceTracker();
  track([[face()], [face()]], tracker);
  const view = { x: 0, y: 0, width: 0.2, height: 0.2 };
  tracker.update([], { timeUs: 2 * INTERVAL_US, aspect: 1, view, confirmThreshold: 0.72 });
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

Deno.test("FaceTracker observes a face until 0.4 s after its last detection", () => {
  const tracker = new FaceTracker();
  track([[face()], [face()]], tracker);
  assert.equal(tracker.observe(INTERVAL_US + 399_999)?.ageUs, 399_999);
  assert.equal(tracker.observe(INTERVAL_US + 400_000), undefined);
});

Deno.test("FaceTracker reports that the newest detection missed its face, to look again soon", () => {
  const tracker = new FaceTracker();
  track([[face()], [face()]], tracker);
  assert.equal(tracker.target.missed, false);
  tracker.update([], {
    timeUs: 2 * INTERVAL_US,
    aspect: 1,
    view: WHOLE,
    confirmThreshold: 0.72,
  });
  assert.equal(tracker.target.missed, true);
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

const near = (actual: number | undefined, expected: number, what = "") =>
  assert.ok(Math.abs((actual ?? NaN) - expected) < 1e-9, `${what} ${actual}, not ${expected}`);

/** A face whose points all differ, so that none can be exchanged for another. */
const WIDE_FACE: Detection = {
  score: 0.9,
  box: { x: 0.3, y: 0.2, width: 0.2, height: 0.5 },
  landmarks: {
    rightEye: { x: 0.34, y: 0.31 },
    leftEye: { x: 0.44, y: 0.32 },
    nose: { x: 0.39, y: 0.43 },
    mouth: { x: 0.4, y: 0.54 },
    rightEar: { x: 0.31, y: 0.35 },
    leftEar: { x: 0.49, y: 0.36 },
  },
};

interface Circumstances {
  readonly timeUs?: number;
  readonly aspect?: number;
  readonly view?: { x: number; y: number; width: number; height: number };
  readonly confirmThreshold?: number;
}

function update(
  tracker: FaceTracker,
  detections: readonly Detection[],
  { timeUs = 0, aspect = 1, view = WHOLE, confirmThreshold = 0.72 }: Circumstances = {},
): void {
  tracker.update(detections, { timeUs, aspect, view, confirmThreshold });
}

/** A tracker with a confirmed face that was last seen at 0.2 s. */
function confirmed(detection = face(), aspect = 1): FaceTracker {
  const tracker = new FaceTracker();
  update(tracker, [detection], { aspect });
  update(tracker, [detection], { timeUs: INTERVAL_US, aspect });
  return tracker;
}

Deno.test("FaceTracker returns box, eyes, nose, mouth and ears where they were detected", () => {
  const seen = confirmed(WIDE_FACE, 1.6).observe(INTERVAL_US);
  for (const name of ["x", "y", "width", "height"] as const) {
    near(seen?.box[name], WIDE_FACE.box[name], name);
  }
  for (const [name, { x, y }] of Object.entries(WIDE_FACE.landmarks)) {
    const point = seen?.landmarks[name as keyof typeof WIDE_FACE.landmarks];
    near(point?.x, x, name);
    near(point?.y, y, name);
  }
  assert.equal(seen?.score, 0.9);
});

Deno.test("FaceTracker.translate() moves box and landmarks by fractions of width and height", () => {
  const tracker = confirmed(WIDE_FACE, 1.6);
  tracker.observe(INTERVAL_US);
  tracker.translate(0.02, 0);
  tracker.translate(0, -0.03);
  const seen = tracker.observe(INTERVAL_US + 1);
  near(seen?.box.x, 0.32);
  near(seen?.box.y, 0.17);
  near(seen?.landmarks.mouth.x, 0.42);
  near(seen?.landmarks.mouth.y, 0.51);
  near(tracker.target.face?.x, 0.32);
  new FaceTracker().translate(0.1, 0.1); // no face to move
});

Deno.test("FaceTracker begins anew if the aspect of the image changes", () => {
  const tracker = confirmed();
  const before = tracker.observe(INTERVAL_US);
  assert.ok(before);
  update(tracker, [face()], { timeUs: 2 * INTERVAL_US, aspect: 1.5 });
  assert.equal(tracker.faceCount, 0);
  assert.equal(tracker.observe(2 * INTERVAL_US), undefined);
  update(tracker, [face()], { timeUs: 3 * INTERVAL_US, aspect: 1.5 });
  const after = tracker.observe(3 * INTERVAL_US);
  near(after?.box.x, 0.35);
  assert.notEqual(after?.track, before.track);
});

for (const [offset, share] of [[0.02, 0.3], [0.1, 0.5], [0.2, 0.75], [0.29, 0.975], [0.5, 1]]) {
  Deno.test(`FaceTracker follows a detection ${offset} face widths away by ${share} of the distance`, () => {
    const at = (dx: number, dy: number) => {
      const tracker = confirmed();
      update(tracker, [face({ x: 0.5 + 0.3 * dx, y: 0.5 + 0.3 * dy })], {
        timeUs: 2 * INTERVAL_US,
      });
      return tracker.target.face!;
    };
    near(at(offset!, 0).x, 0.35 + 0.3 * share! * offset!);
    near(at(-offset!, 0).x, 0.35 - 0.3 * share! * offset!);
    near(at(0, offset!).y, 0.35 + 0.3 * share! * offset!);
  });
}

for (
  const { name, share } of [
    { name: "rightEye", share: 1 },
    { name: "leftEye", share: 1 },
    { name: "nose", share: 1 },
    { name: "mouth", share: 1 },
    { name: "rightEar", share: 0.25 },
    { name: "leftEar", share: 0.25 },
  ] as const
) {
  Deno.test(`FaceTracker follows the ${name} by ${share} of the distance if it alone moves`, () => {
    const still = face();
    const { x, y } = still.landmarks[name];
    const moved = {
      ...still,
      landmarks: { ...still.landmarks, [name]: { x, y: y + 0.3 * 0.3 } },
    };
    const tracker = confirmed(still);
    update(tracker, [moved], { timeUs: INTERVAL_US });
    near(tracker.observe(INTERVAL_US)?.landmarks[name].y, y + share * 0.3 * 0.3);
  });
}

Deno.test("FaceTracker reports the mean of the previous and the newest speed", () => {
  const speedAfter = (dx: number, dy: number, timeUs: number) => {
    const tracker = confirmed();
    // 0.3 of a distance of 0.02 face widths are followed.
    update(tracker, [face({ x: 0.5 + 0.3 * dx, y: 0.5 + 0.3 * dy })], { timeUs });
    return { tracker, speed: tracker.observe(timeUs)?.speed };
  };
  near(speedAfter(0.02, 0, 2 * INTERVAL_US).speed, (0.3 * 0.02) / 0.2 / 2);
  near(speedAfter(0, -0.02, 2 * INTERVAL_US).speed, (0.3 * 0.02) / 0.2 / 2);
  near(speedAfter(0.012, 0.016, 3 * INTERVAL_US).speed, (0.3 * 0.02) / 0.4 / 2);
  // Two detections of one image are taken for 1 ms apart.
  const { tracker, speed } = speedAfter(0.02, 0, INTERVAL_US);
  near(speed, (0.3 * 0.02) / 0.001 / 2);
  update(tracker, [face({ x: 0.5 + 0.3 * 0.3 * 0.02 })], { timeUs: 2 * INTERVAL_US });
  near(tracker.observe(2 * INTERVAL_US)?.speed, speed! / 2);
});

Deno.test("FaceTracker.observe() never reports a negative age", () => {
  assert.equal(confirmed().observe(0)?.ageUs, 0);
});

Deno.test("FaceTracker.target is the confirmed face, without a score", () => {
  const { face: box, ...rest } = confirmed().target;
  near(box?.x, 0.35);
  near(box?.width, 0.3);
  assert.deepEqual(rest, { confirmed: true, missed: false });
});

Deno.test("FaceTracker.target is the tentative face with the most strong detections, then the best score", () => {
  const tracker = new FaceTracker();
  assert.deepEqual(tracker.target, { confirmed: false });
  const seen = (left: number, right: number) => {
    update(tracker, [face({ x: 0.2, score: left }), face({ x: 0.8, score: right })]);
    const { face: box, confirmed, score } = tracker.target;
    return [box!.x < 0.5 ? "left" : "right", confirmed, score];
  };
  assert.deepEqual(seen(0.5, 0.6), ["right", false, 0.6]);
  assert.deepEqual(seen(0.65, 0.6), ["left", false, 0.65]);
  assert.deepEqual(seen(0.5, 0.72), ["right", false, 0.72]);
  assert.deepEqual(seen(0.7, 0.5), ["right", false, 0.5]);
  update(tracker, []);
  assert.equal(tracker.target.score, 0, "it was missed");
  assert.ok(tracker.target.face);
});

Deno.test("FaceTracker confirms a face by scores from the threshold on", () => {
  const countAfter = (...scores: readonly number[]) => {
    const tracker = new FaceTracker();
    for (const score of scores) update(tracker, [face({ score })], { confirmThreshold: 0.8 });
    return tracker.faceCount;
  };
  assert.equal(countAfter(0.8, 0.8), 1);
  assert.equal(countAfter(0.799, 0.8), 0);
  assert.equal(countAfter(0.8, 0.799), 0);
  assert.equal(countAfter(0.8, 0.5, 0.8), 1);
});

Deno.test("FaceTracker takes a face for missed only if its centre is in the view", () => {
  const view = { x: 0.2, y: 0.3, width: 0.4, height: 0.5 };
  const countAt = (x: number, y: number) => {
    const tracker = confirmed(face({ x, y, width: 0.1 }), 2);
    update(tracker, [], { timeUs: 2 * INTERVAL_US, aspect: 2, view });
    return tracker.faceCount;
  };
  for (const [x, y] of [[0.21, 0.5], [0.59, 0.5], [0.4, 0.31], [0.4, 0.79]]) {
    assert.equal(countAt(x!, y!), 0, `${x}, ${y}`);
  }
  for (const [x, y] of [[0.19, 0.5], [0.61, 0.5], [0.4, 0.29], [0.4, 0.81]]) {
    assert.equal(countAt(x!, y!), 1, `${x}, ${y}`);
  }
});

Deno.test("FaceTracker gives a detection between two faces to the one that was seen more often", () => {
  const tracker = new FaceTracker();
  const detect = (x: number, score = 0.9) => update(tracker, [face({ x, width: 0.2, score })]);
  detect(0.56);
  detect(0.4);
  detect(0.4);
  assert.equal(tracker.faceCount, 1);
  detect(0.48, 0.6);
  assert.equal(tracker.faceCount, 1, "the confirmed face was not missed");
});

Deno.test("FaceTracker gives a face the nearest of two detections", () => {
  for (const [first, second] of [[0.06, -0.03], [-0.03, 0.06]]) {
    const tracker = confirmed();
    const at = (dx: number) => face({ x: 0.5 + 0.3 * dx });
    update(tracker, [at(first!), at(second!)], { timeUs: 2 * INTERVAL_US });
    assert.ok(tracker.target.face!.x < 0.35);
  }
});

Deno.test("FaceTracker forgets a confirmed face 0.4 s after its last detection", () => {
  const trackAfter = (gapUs: number) => {
    const tracker = confirmed();
    const before = tracker.observe(INTERVAL_US)?.track;
    const timeUs = INTERVAL_US + gapUs;
    update(tracker, [], { timeUs });
    update(tracker, [face()], { timeUs });
    return tracker.observe(timeUs)?.track === before;
  };
  assert.equal(trackAfter(399_999), true);
  assert.equal(trackAfter(400_000), false);
});

Deno.test("FaceTracker forgets a face that is not measured, and not shown, five seconds after its last detection", () => {
  const countAfter = (gapUs: number) => {
    const tracker = confirmed(face({ x: 0.25, width: 0.3 }));
    const other = face({ x: 0.75, width: 0.2 });
    for (const timeUs of [INTERVAL_US, INTERVAL_US + 1]) {
      update(tracker, [face({ x: 0.25, width: 0.3 }), other], { timeUs });
    }
    // Close-ups show only the measured face.
    const view = { x: 0, y: 0, width: 0.5, height: 1 };
    for (let us = 200_000; us <= gapUs; us += 100_000) {
      const timeUs = INTERVAL_US + 1 + Math.min(us, gapUs);
      update(tracker, [face({ x: 0.25, width: 0.3 })], { timeUs, view });
    }
    update(tracker, [face({ x: 0.25, width: 0.3 })], { timeUs: INTERVAL_US + 1 + gapUs, view });
    return tracker.faceCount;
  };
  assert.equal(countAfter(4_999_999), 2);
  assert.equal(countAfter(5_000_000), 1);
});

Deno.test("FaceTracker forgets a face that is not measured one second after its last detection if its view was searched", () => {
  const isFoundAgainAfter = (gapUs: number) => {
    const tracker = confirmed(face({ x: 0.25, width: 0.3 }));
    const two = [face({ x: 0.25, width: 0.3 }), face({ x: 0.75, width: 0.2 })];
    for (const timeUs of [INTERVAL_US, INTERVAL_US + 1]) update(tracker, two, { timeUs });
    const count = () => tracker.faceCount;
    update(tracker, two.slice(0, 1), { timeUs: INTERVAL_US + 1 + gapUs });
    assert.equal(count(), 1);
    // A track that is known counts at once; a new one has to be confirmed.
    update(tracker, two, { timeUs: INTERVAL_US + 2 + gapUs });
    return count() === 2;
  };
  assert.equal(isFoundAgainAfter(999_999), true);
  assert.equal(isFoundAgainAfter(1_000_000), false);
});

Deno.test("FaceTracker does not move the box of a face that has just become the measured one", () => {
  const tracker = confirmed(face({ x: 0.25, width: 0.2 }));
  tracker.observe(INTERVAL_US);
  update(tracker, [face({ x: 0.29, width: 0.2 })], { timeUs: 2 * INTERVAL_US });
  tracker.observe(2 * INTERVAL_US);
  assert.equal(tracker.moving, true);
  const two = [face({ x: 0.29, width: 0.2 }), face({ x: 0.7, width: 0.3 })];
  update(tracker, two, { timeUs: 3 * INTERVAL_US });
  update(tracker, two, { timeUs: 4 * INTERVAL_US });
  assert.equal(tracker.moving, false);
  near(tracker.observe(4 * INTERVAL_US)?.box.x, 0.55);
});

Deno.test("FaceTracker moves its box by 1 - 1/e of the distance in 150 ms, and not back in time", () => {
  const tracker = confirmed();
  tracker.observe(INTERVAL_US);
  update(tracker, [face({ x: 0.5 + 0.3 * 0.5 })], { timeUs: INTERVAL_US });
  const distanceAfter = (us: number) => 0.5 - tracker.observe(INTERVAL_US + us)!.box.x;
  const start = distanceAfter(0);
  near(start, 0.5 - 0.35);
  near(distanceAfter(150_000), start / Math.E);
  near(distanceAfter(100_000), start / Math.E);
  near(distanceAfter(250_000), start / Math.E ** 2);
});

/** The centre of the measured face after each detection of these faces, which is then passed over. */
function centresWith(passOverAt: readonly number[], detections: readonly (readonly Detection[])[]) {
  const tracker = new FaceTracker();
  return detections.map((faces, index) => {
    const timeUs = index * INTERVAL_US;
    tracker.update(faces, { timeUs, aspect: 1, view: WHOLE, confirmThreshold: 0.72 });
    if (passOverAt.includes(index)) tracker.passOver();
    const box = tracker.observe(timeUs)?.box;
    return box && Math.round(10 * (box.x + box.width / 2)) / 10;
  });
}
const POSTER = face({ x: 0.3, width: 0.4 });
const PERSON = face({ x: 0.8, width: 0.2 });
const both = (count: number) => new Array<readonly Detection[]>(count).fill([POSTER, PERSON]);

Deno.test("FaceTracker.passOver() measures a smaller face instead of a larger one, and keeps it", () => {
  assert.deepEqual(centresWith([3], both(8)), [undefined, 0.3, 0.3, 0.8, 0.8, 0.8, 0.8, 0.8]);
});

Deno.test("FaceTracker.passOver() keeps a face without another one, and a second time", () => {
  const alone = new Array<readonly Detection[]>(4).fill([POSTER]);
  assert.deepEqual(centresWith([2], alone), [undefined, 0.3, 0.3, 0.3]);
  assert.deepEqual(centresWith([2, 4], both(6)), [undefined, 0.3, 0.8, 0.8, 0.8, 0.8]);
});

Deno.test("FaceTracker measures a face that was passed over when the other one has left", () => {
  const left = new Array<readonly Detection[]>(4).fill([POSTER]);
  assert.deepEqual(centresWith([2], [...both(4), ...left]).at(-1), 0.3);
});

/** Detections after which a face may count as still. */
const SETTLED = 10;
/** Time of the last of them. */
const SETTLED_US = (SETTLED - 1) * INTERVAL_US;

/** A tracker with a face whose box has settled. */
function tracking(faces: readonly Detection[] = [face()], count = SETTLED): FaceTracker {
  const tracker = new FaceTracker();
  track(Array.from({ length: count }, () => faces), tracker);
  return tracker;
}

Deno.test("FaceTracker takes no face for still before its tenth detection", () => {
  assert.ok(!tracking([face()], SETTLED - 1).isStill(SETTLED_US));
  assert.ok(tracking().isStill(SETTLED_US));
});

Deno.test("FaceTracker takes a face for still until it is translated by 0.03 face widths", () => {
  for (const [x, y, isStill] of [[0.0085, 0, true], [0, 0.0095, false], [-0.0095, 0, false]]) {
    const tracker = tracking();
    tracker.translate(x as number, 0);
    tracker.translate(0, y as number);
    assert.equal(tracker.isStill(SETTLED_US), isStill, `${x}, ${y}`);
    tracker.translate(-(x as number), -(y as number));
    assert.equal(tracker.isStill(SETTLED_US), isStill, "also if it has moved back");
  }
});

Deno.test("FaceTracker takes a face for still while detections correct it by less than 0.1 face widths per second", () => {
  // A detection corrects the place by somewhat more than a quarter of its distance, within 0.2 s.
  for (const [offset, isStill] of [[0.018, true], [0.028, false]] as const) {
    const tracker = tracking();
    tracker.update([face({ x: 0.5 + offset })], {
      timeUs: SETTLED_US + INTERVAL_US,
      aspect: 1,
      view: WHOLE,
      confirmThreshold: 0.72,
    });
    assert.equal(tracker.isStill(SETTLED_US + INTERVAL_US), isStill, `${offset}`);
  }
});

Deno.test("FaceTracker takes no face for still beside another one, when it was missed, or after 1 s", () => {
  assert.ok(tracking().isStill(SETTLED_US + 999_999));
  assert.ok(!tracking().isStill(SETTLED_US + 1_000_000));
  assert.ok(!tracking([face({ x: 0.3 }), face({ x: 0.8, width: 0.2 })]).isStill(SETTLED_US));
  assert.ok(!new FaceTracker().isStill(0));
  const missed = tracking();
  const context = { aspect: 1, view: WHOLE, confirmThreshold: 0.72 };
  missed.update([], { timeUs: SETTLED_US + INTERVAL_US, ...context });
  assert.ok(!missed.isStill(SETTLED_US + INTERVAL_US));
});

Deno.test("FaceTracker observes a face until 0.4 s after it was confirmed to be where it was", () => {
  const tracker = tracking();
  tracker.confirm(SETTLED_US + 300_000);
  assert.ok(tracker.observe(SETTLED_US + 699_999));
  assert.equal(tracker.observe(SETTLED_US + 700_000), undefined);
  const context = { aspect: 1, view: WHOLE, confirmThreshold: 0.72 };
  tracker.update([], { timeUs: SETTLED_US + 699_999, ...context });
  assert.ok(tracker.target.confirmed);
  tracker.update([], { timeUs: SETTLED_US + 700_000, ...context });
  assert.ok(!tracker.target.confirmed);
});
