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

/** A timeline after `count` frames of 25 per second whose delay is `delayUs`. */
function afterFrames(count: number, delayUs = 100_000) {
  const timeline = new LiveTimeline();
  let ptsUs = 0;
  for (let i = 0; i < count; i++) timeline.timeUs(ptsUs += 40_000, ptsUs + delayUs);
  return { timeline, ptsUs };
}

Deno.test("LiveTimeline takes over a smaller delay at once in its first 30 frames, slowly afterwards", () => {
  const offsetAfter = (count: number) => {
    const { timeline, ptsUs } = afterFrames(count);
    return timeline.timeUs(ptsUs + 40_000, ptsUs + 40_000 + 70_000) - ptsUs - 40_000;
  };
  assert.equal(offsetAfter(29), 70_000);
  // At most 0.2 % of the 40 ms since the last frame.
  assert.equal(offsetAfter(30), 100_000 - 80);
});

Deno.test("LiveTimeline follows a larger delay only after it lasted for two windows of 5 s", () => {
  const { timeline, ptsUs: start } = afterFrames(40);
  let ptsUs = start, changedUs = 0;
  while (changedUs === 0 && ptsUs < start + 30e6) {
    const timeUs = timeline.timeUs(ptsUs += 40_000, ptsUs + 150_000);
    if (timeUs - ptsUs > 100_000) changedUs = ptsUs;
  }
  assert.ok(changedUs - start > 5e6 && changedUs <= 40_000 + 10e6, `${changedUs}`);
  const before = timeline.timeUs(ptsUs += 40_000, ptsUs + 150_000) - ptsUs;
  const after = timeline.timeUs(ptsUs += 40_000, ptsUs + 150_000) - ptsUs;
  assert.equal(after - before, 80);
});

Deno.test("LiveTimeline begins anew if the delay changes by more than 1 s", () => {
  const timeOf = (delayUs: number) => {
    const { timeline, ptsUs } = afterFrames(40);
    return timeline.timeUs(ptsUs + 40_000, ptsUs + 40_000 + delayUs) - ptsUs - 40_000;
  };
  assert.equal(timeOf(100_000 + 1_000_001), 1_100_001);
  assert.equal(timeOf(100_000 + 1_000_000), 100_000);
});

Deno.test("LiveTimeline never repeats a time", () => {
  const timeline = new LiveTimeline();
  const times = [[0, 500], [0, 500], [0, 400]].map(([pts, arrival]) =>
    timeline.timeUs(pts!, arrival!)
  );
  assert.deepEqual(times, [500, 501, 502]);
});

Deno.test("LiveTimeline starts at the arrival of the first frame, however small its delay", () => {
  assert.equal(new LiveTimeline().timeUs(40_000, 540_000), 540_000);
});

Deno.test("LiveTimeline begins anew only if a timestamp does not increase", () => {
  const second = (ptsUs: number) => {
    const timeline = new LiveTimeline();
    timeline.timeUs(1000, 1500);
    return timeline.timeUs(ptsUs, 2500);
  };
  assert.equal(second(1001), 1501);
  assert.equal(second(1000), 2500);
  assert.equal(second(999), 2500);
});
