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
    const timeUs = timeline.timeUs(ptsUs, arrivalUs);
    if (timeUs !== undefined) times.push(timeUs);
  }
  assert.ok(times.length > 880, `${times.length} frames have a time`);
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
    last = timeline.timeUs(Math.round(arrivalUs * (1 - 200e-6)), arrivalUs)! - arrivalUs;
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
    return timeline.timeUs(ptsUs + 40_000, ptsUs + 40_000 + 90_000)! - ptsUs - 40_000;
  };
  assert.equal(offsetAfter(29), 90_000);
  // At most 0.2 % of the 40 ms since the last frame.
  assert.equal(offsetAfter(30), 100_000 - 80);
});

Deno.test("LiveTimeline gives no time to the backlog of a stream at its start, except for its first frame", () => {
  for (
    const { backlog, spacingUs } of [{ backlog: 150, spacingUs: 1_000 }, {
      backlog: 20,
      spacingUs: 25_000,
    }]
  ) {
    const timeline = new LiveTimeline();
    const burstUs = backlog * 40_000;
    const times: number[] = [];
    let arrivalUs = burstUs - spacingUs;
    for (let i = 0; i < backlog + 100; i++) {
      arrivalUs = Math.max(arrivalUs + spacingUs, i * 40_000);
      const timeUs = timeline.timeUs(i * 40_000, arrivalUs);
      if (timeUs !== undefined) times.push(timeUs);
    }
    assert.equal(times[0], burstUs);
    const steps = times.slice(2).map((time, k) => time - times[k + 1]!);
    assert.ok(steps.length > 60, `${steps.length} frames`);
    assert.ok(steps.every((step) => step === 40_000), `${steps}`);
    assert.equal(times.at(-1), (backlog + 99) * 40_000);
  }
});

Deno.test("LiveTimeline gives a time to each frame that lowers the delay by up to a quarter of the interval", () => {
  const timesOf = (decreaseUs: number) => {
    const { timeline, ptsUs } = afterFrames(5);
    return [1, 2, 3, 4, 5].map((k) =>
      timeline.timeUs(ptsUs + k * 40_000, ptsUs + k * 40_000 + 100_000 - decreaseUs) !== undefined
    );
  };
  assert.deepEqual(timesOf(10_000), [true, true, true, true, true]);
  assert.deepEqual(timesOf(10_001), [false, false, false, true, true]);
});

Deno.test("LiveTimeline keeps the spacing of the stream over stalls of the network", () => {
  for (const stallUs of [500_000, 1_200_000, 1_700_000, 4_000_000]) {
    const { timeline, ptsUs: startUs } = afterFrames(100);
    const endUs = startUs + stallUs;
    for (let ptsUs = startUs + 40_000; ptsUs < endUs + 10e6; ptsUs += 40_000) {
      const timeUs = timeline.timeUs(ptsUs, Math.max(ptsUs, endUs) + 100_000);
      assert.equal(timeUs, ptsUs + 100_000, `after a stall of ${stallUs} us`);
    }
  }
});

Deno.test("LiveTimeline begins anew if all frames of two windows are late by more than 2.5 s", () => {
  const offsetAfter = (lateUs: number) => {
    const { timeline, ptsUs } = afterFrames(40);
    let offsetUs = 0;
    for (let atUs = ptsUs + 40_000; atUs < ptsUs + 11e6; atUs += 40_000) {
      offsetUs = timeline.timeUs(atUs, atUs + 100_000 + lateUs)! - atUs;
    }
    return offsetUs;
  };
  assert.equal(offsetAfter(2_600_000), 2_700_000);
  assert.ok(offsetAfter(2_400_000) < 150_000);
});

Deno.test("LiveTimeline follows a larger delay only after it lasted for two windows of 5 s", () => {
  const { timeline, ptsUs: start } = afterFrames(40);
  let ptsUs = start, changedUs = 0;
  while (changedUs === 0 && ptsUs < start + 30e6) {
    const timeUs = timeline.timeUs(ptsUs += 40_000, ptsUs + 150_000)!;
    if (timeUs - ptsUs > 100_000) changedUs = ptsUs;
  }
  assert.ok(changedUs - start > 5e6 && changedUs <= 40_000 + 10e6, `${changedUs}`);
  const before = timeline.timeUs(ptsUs += 40_000, ptsUs + 150_000)! - ptsUs;
  const after = timeline.timeUs(ptsUs += 40_000, ptsUs + 150_000)! - ptsUs;
  assert.equal(after - before, 80);
});

Deno.test("LiveTimeline begins anew if a timestamp jumps ahead by more than 1 s", () => {
  const offsetAfter = (jumpUs: number) => {
    const { timeline, ptsUs } = afterFrames(40);
    const jumpedUs = ptsUs + 40_000 + jumpUs;
    return timeline.timeUs(jumpedUs, ptsUs + 140_000)! - jumpedUs;
  };
  assert.equal(offsetAfter(1_000_001), 100_000 - 1_000_001);
  // At most 0.2 % of the time since the last frame.
  assert.equal(offsetAfter(1_000_000), 100_000 - 2_080);
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
