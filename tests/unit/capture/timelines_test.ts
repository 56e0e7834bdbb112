import assert from "node:assert/strict";
import { LiveTimeline } from "../../../src/capture/ffmpeg/live_timeline.ts";
import { RecordingTimeline } from "../../../src/capture/ffmpeg/timeline.ts";
import { NewestQueue } from "../../../src/capture/newest_queue.ts";
import { Random } from "../../../src/capture/simulator/random.ts";

Deno.test("a recording begins when its first frame comes, whatever its times begin with", () => {
  const timeline = new RecordingTimeline();
  const due = [400_000, 440_000, 520_000].map((pts, i) => timeline.dueUs(pts, 7_000_000 + i));
  assert.deepEqual(due, [7_000_000, 7_040_000, 7_120_000]);
  timeline.nextPass();
  assert.equal(timeline.dueUs(400_000, 0), 7_200_000);
  assert.equal(timeline.dueUs(440_000, 0), 7_240_000);
});

Deno.test("times that stand still or run back still grow", () => {
  const timeline = new RecordingTimeline();
  const due = [0, 40, 40, 20, 80].map((pts) => timeline.dueUs(pts, 100));
  assert.deepEqual(due, [100, 140, 141, 142, 180]);
});

Deno.test("a live stream keeps its own spacing while its arrival trembles", () => {
  const timeline = new LiveTimeline();
  const random = new Random(3);
  const times: number[] = [];
  for (let i = 0; i < 900; i++) {
    const ptsUs = i * 33_333;
    const arrivalUs = 5_000_000 + ptsUs + 10_000 + Math.round(80_000 * random.uniform() ** 2);
    times.push(timeline.timeUs(ptsUs, arrivalUs));
  }
  for (const [i, time] of times.slice(60).entries()) {
    const step = time - times[59 + i]!;
    assert.ok(Math.abs(step - 33_333) < 200, `step of ${step} us at ${i}`);
  }
  const late = times.at(-1)! - (5_000_000 + 899 * 33_333);
  assert.ok(late >= 9_000 && late < 16_000, `${late} us after the light`);
});

Deno.test("a stream whose clock runs slow by 200 ppm is followed", () => {
  const timeline = new LiveTimeline();
  let last = 0;
  for (let i = 0; i < 30 * 120; i++) {
    const arrivalUs = i * 33_333;
    last = timeline.timeUs(Math.round(arrivalUs * (1 - 200e-6)), arrivalUs) - arrivalUs;
  }
  assert.ok(Math.abs(last) < 3_000, `${last} us behind after two minutes`);
});

Deno.test("a stream that begins its times anew goes on growing", () => {
  const timeline = new LiveTimeline();
  const before = timeline.timeUs(9_000_000, 1_000_000);
  const after = timeline.timeUs(0, 1_040_000);
  assert.deepEqual([before, after], [1_000_000, 1_040_000]);
});

Deno.test("a full queue gives up its oldest, and gives the rest in order before it ends", async () => {
  const dropped: number[] = [];
  const queue = new NewestQueue<number>(3, (item) => dropped.push(item));
  const early = queue.next();
  for (let i = 0; i < 6; i++) queue.push(i);
  queue.close();
  queue.push(99);
  const taken = [await early, await queue.next(), await queue.next(), await queue.next()];
  assert.deepEqual([taken, dropped], [[3, 4, 5, undefined], [0, 1, 2, 99]]);
});
