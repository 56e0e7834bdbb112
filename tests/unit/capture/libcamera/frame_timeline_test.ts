import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import type { FrameMetadata } from "../../../../src/capture/libcamera/frame_metadata.ts";
import { FrameTimeline } from "../../../../src/capture/libcamera/frame_timeline.ts";
import { SensorClock } from "../../../../src/capture/libcamera/sensor_clock.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";

class SetClock extends SystemClock {
  nowUs = 50_000_000;

  override monotonicUs() {
    return monotonicUs(this.nowUs);
  }
}

/** A camera at 25 frames per second, whose sensor has the clock of the program. */
function camera() {
  const clock = new SetClock();
  const counters = new Counters();
  const log = new CollectingLog();
  const readers = { monotonic: () => clock.nowUs, boottime: () => clock.nowUs };
  const sensorClock = new SensorClock(clock, readers);
  const timeline = new FrameTimeline({ clock, counters, log, fps: 25, sensorClock });
  return {
    timeline,
    log,
    /** Stamps a frame that arrives `afterMs` later than the one before, 60 ms after its capture. */
    next(
      afterMs: number,
      metadata: FrameMetadata = { sensorUs: clock.nowUs + afterMs * 1000 - 60_000 },
    ) {
      clock.nowUs += afterMs * 1000;
      return timeline.stamp(metadata);
    },
    lost: (reason: string) => counters.get("camera_frames_lost_total", { reason }),
    arrivals: () => counters.get("camera_arrival_times_total"),
  };
}

Deno.test("FrameTimeline stamps frames with the times of the sensor", () => {
  const { next } = camera();
  assert.deepEqual(next(0), { timeUs: 49_940_000, sequence: 0 });
  assert.deepEqual(next(40), { timeUs: 49_980_000, sequence: 1 });
});

Deno.test("FrameTimeline counts the frames that are missing, by the interval of the camera", () => {
  const { next, lost } = camera();
  next(0);
  assert.equal(next(59)?.sequence, 1);
  assert.equal(next(61)?.sequence, 3);
  assert.equal(next(400)?.sequence, 13);
  assert.equal(lost("lost"), 10);
  const slow = camera();
  slow.next(0);
  const sensorUs = 50_000_000 + 140_000;
  assert.equal(slow.next(200, { sensorUs, frameDurationUs: 200_000 })?.sequence, 1);
  assert.equal(slow.lost("lost"), 0);
});

Deno.test("FrameTimeline keeps increasing after a restart, without lost frames", () => {
  const { next, timeline, lost } = camera();
  next(0);
  timeline.restart();
  assert.equal(next(1_500)?.sequence, 1);
  assert.equal(next(40)?.sequence, 2);
  assert.equal(lost("lost"), 0);
});

Deno.test("FrameTimeline drops and counts frames without a usable time of their own", () => {
  const { next, lost, arrivals, log } = camera();
  next(0);
  assert.equal(next(40, {}), undefined);
  assert.equal(next(40, { sensorUs: 1 }), undefined);
  assert.equal(next(0, { sensorUs: 49_940_000 }), undefined, "the time of the frame before");
  for (let i = 0; i < 100; i++) assert.equal(next(40, {}), undefined);
  assert.equal(lost("untimed"), 103);
  assert.equal(arrivals(), 0);
  assert.deepEqual(log.lines, []);
});

Deno.test("FrameTimeline uses arrival times, and logs it, if the camera never reports a time", () => {
  const { next, lost, arrivals, log } = camera();
  for (let i = 0; i < 29; i++) assert.equal(next(40, {}), undefined);
  const first = next(40, {});
  assert.equal(first?.timeUs, 51_200_000);
  assert.equal(next(47, {})!.timeUs - first.timeUs, 47_000);
  assert.deepEqual([lost("untimed"), arrivals()], [29, 2]);
  assert.match(JSON.stringify(log.lines), /no usable capture times/);
});
