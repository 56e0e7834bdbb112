import assert from "node:assert/strict";
import { RecordingTimeline } from "../../../../src/capture/ffmpeg/recording_timeline.ts";

Deno.test("RecordingTimeline starts at the arrival of the first frame, whatever its timestamp", () => {
  const timeline = new RecordingTimeline();
  const due = [400_000, 440_000, 520_000].map((pts, i) => timeline.dueUs(pts, 7_000_000 + i));
  assert.deepEqual(due, [7_000_000, 7_040_000, 7_120_000]);
  timeline.nextPass();
  assert.equal(timeline.dueUs(400_000, 0), 7_200_000);
  assert.equal(timeline.dueUs(440_000, 0), 7_240_000);
});

Deno.test("RecordingTimeline increases even if the timestamps repeat or go back", () => {
  const timeline = new RecordingTimeline();
  const due = [0, 40, 40, 20, 80].map((pts) => timeline.dueUs(pts, 100));
  assert.deepEqual(due, [100, 140, 141, 142, 180]);
});

Deno.test("RecordingTimeline separates the passes of a single frame by a thirtieth of a second", () => {
  const timeline = new RecordingTimeline();
  timeline.nextPass(); // nothing was played yet
  const due = [0, 1, 2].map(() => {
    const dueUs = timeline.dueUs(500, 1000);
    timeline.nextPass();
    return dueUs;
  });
  assert.deepEqual(due, [1000, 34_333, 67_666]);
});
