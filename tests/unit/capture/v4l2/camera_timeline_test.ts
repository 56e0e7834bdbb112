import assert from "node:assert/strict";
import { nativeMonotonicUs } from "../../../../ffi/library.ts";
import { monotonicUs } from "../../../../src/base/time.ts";
import { CameraTimeline } from "../../../../src/capture/v4l2/camera_timeline.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";

/** A clock that is ahead of CLOCK_MONOTONIC. */
class AheadClock extends SystemClock {
  aheadUs = 5_000_000;

  override monotonicUs() {
    return monotonicUs(nativeMonotonicUs() + this.aheadUs);
  }
}

Deno.test("CameraTimeline converts the driver's times to the clock of the program", () => {
  const clock = new AheadClock();
  const timeline = new CameraTimeline(clock);
  timeline.restart();
  const driverUs = 1_000_000_000;
  const { timeUs, sequence } = timeline.convert({ timeUs: driverUs, sequence: 4 });
  assert.ok(Math.abs(timeUs - driverUs - 5_000_000) < 2000, `${timeUs - driverUs}`);
  assert.equal(sequence, 4);
  const next = timeline.convert({ timeUs: driverUs + 33_333, sequence: 5 });
  assert.deepEqual([next.timeUs - timeUs, next.sequence], [33_333, 5]);
});

Deno.test("CameraTimeline keeps increasing for equal times of the driver", () => {
  const timeline = new CameraTimeline(new AheadClock());
  timeline.restart();
  const times = [100, 100, 50, 103].map((timeUs, sequence) =>
    timeline.convert({ timeUs: 1_000_000_000 + timeUs, sequence }).timeUs
  );
  assert.deepEqual(times.map((timeUs) => timeUs - times[0]!), [0, 1, 2, 3]);
});

Deno.test("CameraTimeline goes on after the last frame when the camera is opened again", () => {
  const clock = new AheadClock();
  const timeline = new CameraTimeline(clock);
  timeline.restart();
  const first = timeline.convert({ timeUs: 1_000_000_000, sequence: 7 });
  clock.aheadUs = 6_000_000;
  timeline.restart();
  const second = timeline.convert({ timeUs: 1_000_100_000, sequence: 0 });
  const third = timeline.convert({ timeUs: 1_000_200_000, sequence: 2 });
  assert.deepEqual([second.sequence, third.sequence], [8, 10]);
  assert.ok(Math.abs(second.timeUs - first.timeUs - 1_100_000) < 4000);
});

Deno.test("CameraTimeline measures the offset of the clocks by its fastest reading", () => {
  const clock = new AheadClock();
  let readings = 0;
  // The second reading of the first pair is 100 ms late.
  clock.monotonicUs = () =>
    monotonicUs(nativeMonotonicUs() + clock.aheadUs + (++readings === 2 ? 100_000 : 0));
  const timeline = new CameraTimeline(clock);
  timeline.restart();
  const { timeUs } = timeline.convert({ timeUs: 1_000_000_000, sequence: 0 });
  assert.ok(Math.abs(timeUs - 1_005_000_000) < 2000, `${timeUs}`);
});

Deno.test("CameraTimeline leaves the stamps of the driver as they are until it is restarted", () => {
  const timeline = new CameraTimeline(new AheadClock());
  assert.deepEqual(timeline.convert({ timeUs: 1_000_000, sequence: 3 }), {
    timeUs: 1_000_000,
    sequence: 3,
  });
});
