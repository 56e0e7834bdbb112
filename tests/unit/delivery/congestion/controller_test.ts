import assert from "node:assert/strict";
import { CongestionController } from "../../../../src/delivery/congestion/controller.ts";
import { SimulatedLink } from "../../../support/simulated_link.ts";

const FAST = { bytesPerSecond: 100e6, rttMs: 0.5 };
const LONG_RTT = { bytesPerSecond: 100e6, rttMs: 300 };
const SLOW = { bytesPerSecond: 125_000, rttMs: 300 }; // 1 Mbit/s

function startCamera(link: { bytesPerSecond: number; rttMs: number }, frameBytes = 60_000) {
  const controller = new CongestionController();
  controller.reset(0, link.rttMs * 1000);
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
