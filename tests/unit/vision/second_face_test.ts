import assert from "node:assert/strict";
import type { Detection } from "../../../src/vision/blazeface.ts";
import { DetectionScheduler } from "../../../src/vision/detection_scheduler.ts";
import { FaceTracker } from "../../../src/vision/face_tracker.ts";

const IMAGE = { width: 600, height: 600 };
/** Interval of the detections of a tracked face, as in `Vision`. */
const INTERVAL_US = 200_000;

/** Frontal face whose box has its centre at x, y, as fractions of the image. */
function face(x: number, y: number, width: number): Detection {
  const at = (dx: number, dy: number) => ({ x: x + dx * width, y: y + dy * width });
  return {
    score: 0.9,
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

/**
 * Number of faces at each frame of `seconds` at a frame rate. The close-ups of the measured face
 * never show the second one, which is there until `leavesS`.
 */
function faceCounts(fps: number, { seconds = 20, leavesS = Infinity } = {}): number[] {
  const [tracker, scheduler] = [new FaceTracker(), new DetectionScheduler()];
  let detectedUs = -Infinity;
  return Array.from({ length: seconds * fps }, (_, frame) => {
    const timeUs = Math.round(frame * 1e6 / fps);
    if (timeUs - detectedUs < INTERVAL_US) return tracker.faceCount;
    detectedUs = timeUs;
    const { view: { x, y, size }, confirmThreshold } = scheduler.next(tracker.target, IMAGE);
    const view = { x: x / 600, y: y / 600, width: size / 600, height: size / 600 };
    const faces = [
      face(0.25, 0.5, 0.12),
      ...timeUs < leavesS * 1e6 ? [face(0.8, 0.5, 0.1)] : [],
    ].filter(({ landmarks: { nose } }) => nose.x > view.x && nose.x < view.x + view.width);
    tracker.update(faces, { timeUs, aspect: 1, view, confirmThreshold });
    return tracker.faceCount;
  });
}

for (const fps of [1.5, 3, 5, 6, 6.9, 10, 30, 120]) {
  Deno.test(`FaceTracker reports a second small face at ${fps} fps without interruption`, () => {
    const counts = faceCounts(fps);
    const first = counts.indexOf(2);
    assert.ok(first >= 0 && first / fps < 8, `first at ${(first / fps).toFixed(1)} s`);
    const missing = counts.slice(first).filter((count) => count !== 2).length;
    assert.equal(missing, 0, `${missing} of ${counts.length - first} frames`);
  });

  Deno.test(`FaceTracker reports at ${fps} fps that a second small face has left`, () => {
    const counts = faceCounts(fps, { leavesS: 10 });
    const last = counts.lastIndexOf(2);
    // The next detection in the full frame is the fourth.
    const limitS = 10 + 4 * Math.max(0.2, 1 / fps, Math.ceil(0.2 * fps) / fps);
    assert.ok(last / fps <= limitS, `until ${(last / fps).toFixed(1)} s`);
  });
}
