import assert from "node:assert/strict";
import { CongestionController } from "../../../../src/delivery/congestion/controller.ts";
import { SimulatedLink } from "../../../support/simulated_link.ts";

const FAST = { bytesPerSecond: 100e6, rttMs: 0.5 };
const LONG_RTT = { bytesPerSecond: 100e6, rttMs: 300 };
const SLOW = { bytesPerSecond: 125_000, rttMs: 300 }; // 1 Mbit/s

function startCamera(link: { bytesPerSecond: number; rttMs: number }, frameBytes = 60_000) {
  const controller = new CongestionController();
  controller.reset(0, { rttUs: link.rttMs * 1000 });
  return { controller, camera: new SimulatedLink(controller, { frameBytes, ...link }) };
}

/** Frames in flight, all sent at the same time. */
function inFlight(frames: number, bytes: number, sentUs = 0) {
  return { frames, bytes, oldest: { sentUs, bytes: bytes / frames } };
}

Deno.test("CongestionController does not degrade frames on a fast link with a short RTT", () => {
  for (const fps of [30, 60, 120]) {
    const { controller, camera } = startCamera(FAST);
    camera.options = { ...camera.options, fps };
    const { sent, displaced } = camera.run(10);
    assert.equal(controller.degradation, 0);
    assert.ok(sent > 9.5 * fps, `${sent}`);
    assert.ok(displaced <= 1, "the window starts at one frame");
  }
});

Deno.test("CongestionController starts degraded on a long RTT and recovers within 2 s on a fast link", () => {
  const { controller, camera } = startCamera(LONG_RTT);
  assert.ok(controller.degradation >= 0.5, "the bandwidth is unknown");
  camera.run(2);
  assert.equal(controller.degradation, 0);
  const { sent, displaced } = camera.run(10);
  assert.ok(sent > 280, `${sent}`);
  assert.ok(displaced <= 2, `${displaced}`);
});

Deno.test("CongestionController keeps the delay of metrics low on a slow link from its start", () => {
  for (const frameBytes of [40_000, 115_000, 243_000]) {
    const { camera } = startCamera(SLOW, frameBytes);
    const { maxMetricDelayMs } = camera.run(60);
    assert.ok(maxMetricDelayMs < 500, `${frameBytes} bytes: ${maxMetricDelayMs} ms`);
    assert.ok(camera.run(60).sent > 60, "frames are still sent");
  }
});

Deno.test("CongestionController delays metrics by at most one frame when the bandwidth collapses", () => {
  for (const frameBytes of [40_000, 115_000]) {
    const { controller, camera } = startCamera(FAST, frameBytes);
    camera.run(5);
    camera.options = { ...camera.options, ...SLOW };
    const { maxMetricDelayMs } = camera.run(20);
    const frameMs = frameBytes / 125 + 150;
    assert.ok(maxMetricDelayMs <= frameMs, `${frameBytes} bytes: ${maxMetricDelayMs} ms`);
    assert.ok(controller.degradation >= 0.7, `${controller.degradation}`);
    assert.ok(camera.run(20).maxMetricDelayMs < 400);
  }
});

Deno.test("CongestionController recovers within 6 s once the link is fast again", () => {
  const { controller, camera } = startCamera(SLOW);
  camera.run(10);
  assert.ok(controller.degradation >= 0.7);
  camera.options = { ...camera.options, ...FAST };
  camera.run(6);
  assert.equal(controller.degradation, 0);
});

Deno.test("CongestionController recovers within 15 s after the RTT grew by a factor of 600", () => {
  const { controller, camera } = startCamera(FAST);
  camera.run(5);
  camera.options = { ...camera.options, ...LONG_RTT };
  camera.run(15);
  assert.equal(controller.degradation, 0);
  assert.ok(camera.run(5).sent > 140);
});

Deno.test("CongestionController recovers within 1 s after the link stalled for 1 s", () => {
  const { controller, camera } = startCamera(FAST);
  camera.run(5);
  camera.run(1, { stalled: true });
  camera.run(1);
  assert.equal(controller.degradation, 0);
  assert.ok(camera.run(5).sent > 145);
});

Deno.test("CongestionController settles on one degradation at any bandwidth and displaces no frames", () => {
  for (const megabits of [2, 5, 10, 20, 40]) {
    for (const rttMs of [5, 60, 300]) {
      const link = { bytesPerSecond: megabits * 125_000, rttMs };
      const { controller, camera } = startCamera(link, 80_000);
      camera.run(10);
      const { degradation } = controller;
      const { sent, displaced } = camera.run(30);
      const context = `${megabits} Mbit/s, ${rttMs} ms: ${sent} sent, ${displaced} displaced`;
      assert.ok(Math.abs(controller.degradation - degradation) <= 0.1, context);
      assert.ok(displaced <= 2, context);
      assert.ok(sent > 100, context);
    }
  }
});

Deno.test("CongestionController ignores acknowledgements that a busy machine reads late", () => {
  const controller = new CongestionController();
  controller.onMetricAcknowledged({ sentUs: 0, acknowledgedUs: 300, bytes: 500 });
  for (let frame = 1; frame < 1200; frame++) {
    const sentUs = frame * 8333;
    // Two of three acknowledgements are read late, as the event loop has other work.
    const waitUs = frame % 3 === 0 ? 600 : 9000;
    if (waitUs > 8333) {
      controller.onFrameDisplaced(50_000, inFlight(1, 50_000, sentUs), sentUs + 8333);
    }
    controller.onFrameAcknowledged({ sentUs, acknowledgedUs: sentUs + waitUs, bytes: 50_000 });
  }
  assert.equal(controller.degradation, 0);
});

Deno.test("CongestionController sizes its window by the bandwidth-delay product and paces a slow link", () => {
  const withWindow = (rttUs: number) => {
    const controller = new CongestionController();
    assert.equal(
      controller.canSend(inFlight(1, 60_000), 0),
      false,
      "the window starts at one frame",
    );
    for (let i = 0; i < 20; i++) {
      const sentUs = i * 1e6;
      controller.onFrameAcknowledged({ sentUs, acknowledgedUs: sentUs + rttUs, bytes: 60_000 });
    }
    return controller;
  };
  const shortRtt = withWindow(1000);
  assert.equal(shortRtt.canSend(inFlight(1, 60_000), 5000), true);
  assert.equal(
    shortRtt.canSend(inFlight(1, 60_000), 60_000),
    false,
    "its acknowledgement is overdue",
  );
  assert.equal(shortRtt.canSend(inFlight(3, 180_000), 0), false);
  const longRtt = withWindow(300_000);
  assert.equal(longRtt.canSend(inFlight(3, 180_000), 100_000), true);
  const slow = new CongestionController();
  slow.onMetricAcknowledged({ sentUs: 0, acknowledgedUs: 300_000, bytes: 60_000 });
  for (let i = 0; i < 5; i++) {
    slow.onFrameAcknowledged({ sentUs: i * 1e6, acknowledgedUs: i * 1e6 + 780_000, bytes: 60_000 });
  }
  assert.equal(slow.canSend(inFlight(1, 60_000), 0), false);
  assert.equal(slow.canSend({ frames: 0, bytes: 0 }, 0), true);
  slow.onFrameSent(60_000, 5_000_000);
  assert.ok(slow.pacingGapUs(60_000, 5_500_000) > 0, "the gap leaves the link to metrics");
  assert.equal(slow.pacingGapUs(60_000, 6_000_000), 0);
  shortRtt.onFrameSent(60_000, 2000);
  assert.equal(shortRtt.pacingGapUs(60_000, 2000), 0);
  longRtt.reset(0);
  assert.equal(longRtt.canSend(inFlight(1, 60_000), 0), false, "a new connection starts over");
});

Deno.test("CongestionController does not degrade for frames displaced while the window grows", () => {
  const controller = new CongestionController();
  controller.onMetricAcknowledged({ sentUs: 0, acknowledgedUs: 300_000, bytes: 500 });
  for (let frame = 1; frame < 8; frame++) {
    const nowUs = frame * 200_000;
    controller.onFrameDisplaced(60_000, inFlight(1, 60_000, nowUs - 100_000), nowUs);
    controller.onFrameAcknowledged({
      sentUs: nowUs - 300_000,
      acknowledgedUs: nowUs,
      bytes: 60_000,
    });
  }
  assert.equal(controller.degradation, 0);
});

const RTT_US = 10_000;
const SECOND_US = 1_000_000;

/** A controller that knows the RTT, by default of 10 ms. */
function withRtt(rttUs = RTT_US): CongestionController {
  const controller = new CongestionController();
  controller.onMetricAcknowledged({ sentUs: 0, acknowledgedUs: rttUs, bytes: 500 });
  return controller;
}

/** Acknowledges a frame with a queueing delay beyond the RTT. */
function acknowledge(
  controller: CongestionController,
  { sentUs = 0, queueingUs = 0, bytes = 1000, rttUs = RTT_US } = {},
): void {
  controller.onFrameAcknowledged({ sentUs, acknowledgedUs: sentUs + rttUs + queueingUs, bytes });
}

/** A controller that expects 27 us per byte, after one frame. */
function atBandwidth(): CongestionController {
  const controller = withRtt();
  acknowledge(controller, { queueingUs: 90_000 });
  return controller;
}

Deno.test("CongestionController.canSend() waits while an acknowledgement is overdue by 25 ms", () => {
  // The RTT of 10 ms, the transmission of 1000 bytes, and 25 ms.
  const limitUs = 10_000 + 27_000 + 25_000;
  assert.equal(atBandwidth().canSend(inFlight(1, 1000), limitUs - 1), true);
  assert.equal(atBandwidth().canSend(inFlight(1, 1000), limitUs), false);
});

Deno.test("CongestionController.canSend() has up to 250 ms of transmission in flight, or an RTT", () => {
  assert.equal(atBandwidth().canSend(inFlight(1, 9250), 0), true);
  assert.equal(atBandwidth().canSend(inFlight(1, 9270), 0), false);
  const long = withRtt(300_000);
  acknowledge(long, { queueingUs: 90_000, rttUs: 300_000 });
  assert.equal(long.canSend(inFlight(1, 11_100), 0), true);
  assert.equal(long.canSend(inFlight(1, 11_120), 0), false);
});

/** The largest number of frames in flight to which another one may be added. */
function windowOf(controller: CongestionController): number {
  let frames = 0;
  while (controller.canSend({ frames, bytes: 0 }, 0)) frames++;
  return frames;
}

Deno.test("CongestionController opens its window by one frame with each acknowledgement, up to 16", () => {
  const controller = withRtt(SECOND_US);
  for (const window of [1, 2, 3, 4]) {
    assert.equal(windowOf(controller), window);
    acknowledge(controller, { rttUs: SECOND_US });
  }
  for (let count = 0; count < 20; count++) acknowledge(controller, { rttUs: SECOND_US });
  assert.equal(windowOf(controller), 16);
});

Deno.test("CongestionController halves its window at a queueing delay of 100 ms, down to one frame", () => {
  const controller = withRtt(SECOND_US);
  for (let count = 0; count < 20; count++) acknowledge(controller, { rttUs: SECOND_US });
  acknowledge(controller, { rttUs: SECOND_US, queueingUs: 99_999 });
  assert.equal(windowOf(controller), 16);
  for (const window of [8, 4, 2, 1, 1]) {
    acknowledge(controller, { rttUs: SECOND_US, queueingUs: 100_000 });
    assert.equal(windowOf(controller), window);
  }
});

for (const [rttUs, window] of [[27_700, 2], [27_800, 3], [300_000, 12], [390_000, 16]] as const) {
  Deno.test(`CongestionController has ${window} frames in flight at an RTT of ${rttUs} us`, () => {
    const controller = withRtt(rttUs);
    for (let count = 0; count < 30; count++) acknowledge(controller, { rttUs });
    assert.equal(windowOf(controller), window);
  });
}

for (
  const [fps, rttUs, window] of [
    [15, 1000, 2],
    [60, 1000, 4],
    [120, 1000, 8],
    [120, 27_800, 12],
    [120, 27_700, 11],
    [120, 450_000, 64],
  ] as const
) {
  Deno.test(`CongestionController has ${window} frames in flight at ${fps} fps and an RTT of ${rttUs} us`, () => {
    const controller = withRtt(rttUs);
    for (let frame = 0; frame < fps; frame++) {
      controller.onFrameSent(1000, Math.round(frame * SECOND_US / fps));
    }
    for (let count = 0; count < 80; count++) acknowledge(controller, { rttUs });
    assert.equal(windowOf(controller), window);
  });
}

/** Asserts a gap in microseconds, but for the error of floating-point numbers. */
function assertGap(actualUs: number, expectedUs: number): void {
  assert.ok(Math.abs(actualUs - expectedUs) < 0.001, `${actualUs}`);
}

Deno.test("CongestionController paces frames of 100 ms and more, by their transmission and once as long", () => {
  const controller = atBandwidth();
  controller.onFrameSent(3704, SECOND_US); // 100,008 us
  assertGap(controller.pacingGapUs(3703, SECOND_US), 0);
  assertGap(controller.pacingGapUs(3704, SECOND_US), 200_016);
  assertGap(controller.pacingGapUs(3704, SECOND_US + 200_015), 1);
  assertGap(controller.pacingGapUs(3704, SECOND_US + 300_000), 0);
});

Deno.test("CongestionController expects frames to be transmitted one after the other", () => {
  const controller = atBandwidth();
  controller.onFrameSent(3704, SECOND_US);
  controller.onFrameSent(3704, SECOND_US + 8);
  assertGap(controller.pacingGapUs(3704, SECOND_US), 300_024);
});

Deno.test("CongestionController paces by 1 s at most, also after a frame that takes longer", () => {
  const controller = atBandwidth();
  controller.onFrameSent(3704, SECOND_US);
  assertGap(controller.pacingGapUs(1_000_000, SECOND_US), 100_008 + SECOND_US);
  controller.onFrameSent(1_000_000, SECOND_US); // 27 s
  const acknowledgedUs = 2 * SECOND_US;
  controller.onFrameAcknowledged({
    sentUs: acknowledgedUs - RTT_US,
    acknowledgedUs,
    bytes: 1,
  });
  // An RTT and 1 s after the acknowledgement, and the gap of the next frame.
  const gapUs = controller.pacingGapUs(1_000_000, acknowledgedUs);
  assertGap(gapUs, RTT_US + 2 * SECOND_US);
});

Deno.test("CongestionController takes the time since the last acknowledgement for the transmission at most", () => {
  const controller = withRtt();
  acknowledge(controller, { sentUs: 0 });
  // Queued for 90 ms, but acknowledged 10 ms after the one before it: 10 us per byte.
  acknowledge(controller, { sentUs: -80_000, queueingUs: 90_000 });
  controller.onFrameSent(40_000, SECOND_US);
  assertGap(controller.pacingGapUs(40_000, SECOND_US), 2 * 40_000 * 0.3 * 10);
});

/** The degradation after a frame was displaced while the oldest one has been queued for some time. */
function displacedAfter(queueingUs: number, frameBytes: number): CongestionController {
  const controller = withRtt();
  const nowUs = RTT_US + queueingUs;
  controller.onFrameDisplaced(frameBytes, inFlight(1, 100_000), nowUs);
  return controller;
}

Deno.test("CongestionController degrades by a step for a displaced frame if others are queued for over 100 ms", () => {
  assert.equal(displacedAfter(100_000, 240_000).degradation, 0);
  assert.equal(displacedAfter(100_001, 240_000).degradation, 0.1);
  assert.equal(displacedAfter(500_000, 240_000).degradation, 0.1);
});

Deno.test("CongestionController degrades to 60 % of the link at once if frames are queued for over 500 ms", () => {
  // 5 us per byte: the link carries 200 kB/s, of which frames may take 120 kB/s.
  for (const [bytes, degradation] of [[119_000, 0], [170_000, 0.1], [240_000, 0.2]] as const) {
    assert.equal(displacedAfter(500_001, bytes).degradation, degradation, `${bytes}`);
  }
});

Deno.test("CongestionController degrades for a displaced frame after a congested one, and not without frames in flight", () => {
  const controller = withRtt();
  acknowledge(controller, { queueingUs: 100_000 });
  controller.onFrameDisplaced(1000, { frames: 0, bytes: 0 }, 120_000);
  assert.equal(controller.degradation, 0);
  controller.onFrameDisplaced(1000, inFlight(1, 1000, 120_000), 120_000);
  assert.equal(controller.degradation, 0.1);
});

Deno.test("CongestionController.reset() starts with degraded frames on an RTT of over 100 ms", () => {
  for (const [rttUs, degradation] of [[0, 0], [100_000, 0], [100_001, 0.7]] as const) {
    const controller = new CongestionController();
    controller.reset(0, { rttUs });
    assert.equal(controller.degradation, degradation, `${rttUs} us`);
  }
});

Deno.test("CongestionController.reset() forgets the RTT, the window and the pacing, but not the degradation", () => {
  const controller = atBandwidth();
  controller.onFrameDisplaced(1000, inFlight(1, 1000), RTT_US + 100_001);
  controller.onFrameSent(10_000, SECOND_US);
  controller.reset(SECOND_US);
  assert.deepEqual([controller.degradation, windowOf(controller)], [0.1, 1]);
  assertGap(controller.pacingGapUs(10_000, SECOND_US), 0);
  // Without an RTT, each delay is queueing.
  controller.onFrameDisplaced(1000, inFlight(1, 1000, SECOND_US), SECOND_US + 100_000);
  assert.equal(controller.degradation, 0.1);
  controller.onFrameDisplaced(1000, inFlight(1, 1000, SECOND_US), SECOND_US + 100_001);
  assert.equal(controller.degradation, 0.2);
});

Deno.test("CongestionController degrades if frames take over 60 % of the link", () => {
  for (const [queueingUs, degradation] of [[600_000, 0], [600_001, 0.1]] as const) {
    const controller = withRtt();
    acknowledge(controller, { queueingUs });
    assert.equal(controller.degradation, degradation, `${queueingUs} us`);
  }
});

Deno.test("CongestionController counts the frames of the last second for the utilization", () => {
  for (const [laterUs, degradation] of [[999_999, 0.1], [1_000_000, 0]] as const) {
    const controller = withRtt();
    for (const sentUs of [0, laterUs]) acknowledge(controller, { sentUs, queueingUs: 310_000 });
    assert.equal(controller.degradation, degradation, `${laterUs} us`);
  }
});

Deno.test("CongestionController lifts a provisional degradation by the frames that were sent since", () => {
  for (const [sentUs, degradation] of [[-1, 0.7], [0, 0.5]] as const) {
    const controller = new CongestionController();
    controller.reset(0, { rttUs: 200_000 });
    acknowledge(controller, { sentUs, rttUs: 200_000 });
    assert.equal(controller.degradation, degradation, `sent at ${sentUs} us`);
  }
});

Deno.test("CongestionController lifts a provisional degradation only up to 30 % of the link, and not if congested", () => {
  const start = (queueingUs: number) => {
    const controller = new CongestionController();
    controller.reset(0, { rttUs: 200_000 });
    // At a degradation of 0.7, 12 kB are offered per second.
    controller.onFrameSent(12_000, 0);
    for (let count = 0; count < 5; count++) {
      const sentUs = count * 100_000;
      acknowledge(controller, { sentUs, queueingUs, rttUs: 200_000, bytes: 12_000 });
    }
    return controller.degradation;
  };
  assert.equal(start(0), 0);
  assert.equal(start(100_000), 0.7);
  assert.equal(start(50_000), 0.3);
});

Deno.test("CongestionController doubts its degradation after 3 s of low utilization", () => {
  const controller = withRtt();
  controller.onFrameDisplaced(1000, inFlight(1, 1000), RTT_US + 100_001);
  const acknowledgedAt = (nowUs: number) => {
    acknowledge(controller, { sentUs: nowUs - RTT_US });
    return controller.degradation;
  };
  assert.equal(acknowledgedAt(1 * SECOND_US), 0.1);
  assert.equal(acknowledgedAt(4 * SECOND_US - 1), 0.1);
  assert.equal(acknowledgedAt(4 * SECOND_US), 0.1, "from now on");
  assert.equal(acknowledgedAt(4 * SECOND_US + RTT_US), 0);
});

Deno.test("CongestionController doubts its degradation if the RTT grows by over 50 ms", () => {
  for (const [grownUs, degradation] of [[60_000, 0.1], [60_001, 0]] as const) {
    const controller = withRtt();
    controller.onFrameDisplaced(1000, inFlight(1, 1000), RTT_US + 100_001);
    for (const nowUs of [6 * SECOND_US, 12 * SECOND_US]) {
      controller.onMetricAcknowledged({ sentUs: nowUs - grownUs, acknowledgedUs: nowUs, bytes: 1 });
    }
    acknowledge(controller, { sentUs: 12 * SECOND_US, rttUs: grownUs });
    assert.equal(controller.degradation, degradation, `${grownUs} us`);
  }
});

/** A controller that has stopped frames, as metrics were delayed for 300 ms. */
function withDelayedMetrics(): CongestionController {
  const controller = withRtt(10_000);
  for (let sentUs = SECOND_US; sentUs <= SECOND_US + 300_000; sentUs += 50_000) {
    controller.onMetricAcknowledged({ sentUs, acknowledgedUs: sentUs + 210_000, bytes: 500 });
  }
  return controller;
}

Deno.test("CongestionController sends no frame while metrics are delayed, and degrades the next ones", () => {
  const controller = withRtt(10_000);
  assert.ok(controller.canSend({ frames: 0, bytes: 0 }, 0));
  const stopped = withDelayedMetrics();
  assert.deepEqual([stopped.framesStopped, stopped.degradation], [true, 1]);
  assert.equal(stopped.canSend({ frames: 0, bytes: 0 }, 2 * SECOND_US), false);
});

Deno.test("CongestionController takes metrics that wait for delayed ones, but a short wait for nothing", () => {
  const controller = withRtt(10_000);
  for (let nowMs = 0; nowMs <= 300; nowMs += 50) {
    controller.onMetricPending(161_000, nowMs * 1000);
  }
  assert.equal(controller.framesStopped, true);
  for (let nowMs = 400; nowMs <= 5000; nowMs += 50) controller.onMetricPending(0, nowMs * 1000);
  assert.equal(controller.framesStopped, true);
});

Deno.test("CongestionController stops frames if one with the maximum degradation takes more than 350 ms", () => {
  for (const [queueingUs, stopped] of [[340_000, false], [360_000, true]] as const) {
    const controller = withRtt(10_000);
    controller.reset(0, { rttUs: 10_000, usPerByte: 20 });
    assert.equal(controller.degradation, 1);
    acknowledge(controller, { rttUs: 10_000, queueingUs, bytes: 10_000, sentUs: SECOND_US });
    assert.equal(controller.framesStopped, stopped, `${queueingUs}`);
  }
});

Deno.test("CongestionController starts a connection as its measured bandwidth allows", () => {
  for (
    const [usPerByte, degradation, stopped] of [
      [0, 0, false],
      [0.1, 0, false],
      [8, 0.7, false],
      [29, 1, false],
      [30, 1, true],
    ] as const
  ) {
    const controller = new CongestionController();
    controller.reset(0, { rttUs: 10_000, usPerByte });
    assert.equal(controller.degradation, degradation, `${usPerByte}`);
    assert.equal(controller.framesStopped, stopped, `${usPerByte}`);
  }
});

Deno.test("CongestionController.admitsEdgeMetric() admits one of each interval", () => {
  const controller = withDelayedMetrics();
  for (let sentUs = 2 * SECOND_US; sentUs <= 2.8 * SECOND_US; sentUs += 50_000) {
    controller.onMetricAcknowledged({ sentUs, acknowledgedUs: sentUs + 210_000, bytes: 500 });
  }
  assert.equal(controller.edgeInterval, 2);
  const admitted = Array.from({ length: 6 }, () => controller.admitsEdgeMetric());
  assert.deepEqual(admitted, [true, false, true, false, true, false]);
});

/** A controller that has thinned edge metrics, and whose RTT has become longer since. */
function afterPathChange({ measuresLink }: { measuresLink: boolean }) {
  const congestion = new CongestionController({ measuresLink });
  congestion.reset(0, { rttUs: 20_000, usPerByte: 0 });
  let nowUs = 0;
  const acknowledge = (delayMs: number, seconds: number, { jitterMs = 0 } = {}) => {
    for (const endUs = nowUs + seconds * 1e6; nowUs < endUs; nowUs += 50_000) {
      const acknowledgedUs = nowUs + (delayMs + (nowUs % 100_000 ? jitterMs : 0)) * 1000;
      congestion.onMetricAcknowledged({ sentUs: nowUs, acknowledgedUs, bytes: 1000 });
    }
  };
  acknowledge(20, 1);
  acknowledge(400, 3, { jitterMs: 150 });
  assert.ok(congestion.edgeInterval >= 4);
  acknowledge(75, 1.5);
  return { congestion, nowUs };
}

Deno.test("CongestionController starts over after a change of the path, if it cannot measure the link", () => {
  const { congestion } = afterPathChange({ measuresLink: false });
  assert.deepEqual([congestion.framesStopped, congestion.edgeInterval], [false, 1]);
});

Deno.test("CongestionController starts over after a change of the path only if the link is fast", () => {
  for (
    const { usPerByte, isFast } of [{ usPerByte: 0, isFast: true }, {
      usPerByte: 50,
      isFast: false,
    }]
  ) {
    const { congestion, nowUs } = afterPathChange({ measuresLink: true });
    assert.deepEqual([congestion.measurementDue, congestion.framesStopped], [true, true]);
    congestion.onLinkMeasured({ rttUs: 75_000, usPerByte }, nowUs);
    assert.deepEqual([congestion.measurementDue, congestion.framesStopped], [false, !isFast]);
  }
});
