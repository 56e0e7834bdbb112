import assert from "node:assert/strict";
import { LiveTimeline } from "../../../../src/capture/ffmpeg/live_timeline.ts";
import { Random } from "../../../../src/capture/simulator/random.ts";

Deno.test("LiveTimeline keeps the spacing of the stream despite network jitter", () => {
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
  assert.ok(late >= 9_000 && late < 16_000, `${late} us after the capture`);
});

Deno.test("LiveTimeline follows a stream whose clock is slow by 200 ppm", () => {
  const timeline = new LiveTimeline();
  let last = 0;
  for (let i = 0; i < 30 * 120; i++) {
    const arrivalUs = i * 33_333;
    last = timeline.timeUs(Math.round(arrivalUs * (1 - 200e-6)), arrivalUs) - arrivalUs;
  }
  assert.ok(Math.abs(last) < 3_000, `${last} us behind after two minutes`);
});

Deno.test("LiveTimeline keeps increasing when the timestamps restart", () => {
  const timeline = new LiveTimeline();
  const before = timeline.timeUs(9_000_000, 1_000_000);
  const after = timeline.timeUs(0, 1_040_000);
  assert.deepEqual([before, after], [1_000_000, 1_040_000]);
});
