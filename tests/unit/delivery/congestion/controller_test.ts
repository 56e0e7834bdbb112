import assert from "node:assert/strict";
import { CongestionController } from "../../../../src/delivery/congestion/controller.ts";
import { SimulatedLink } from "../../../support/simulated_link.ts";

const NEAR = { bytesPerSecond: 100e6, rttMs: 0.5 };
const FAR = { bytesPerSecond: 100e6, rttMs: 300 };
const SLOW = { bytesPerSecond: 125_000, rttMs: 300 }; // 1 Mbit/s

function startCamera(link: { bytesPerSecond: number; rttMs: number }, frameBytes = 60_000) {
  const load = new CongestionController();
  load.reset(0, link.rttMs * 1000);
  return { load, camera: new SimulatedLink(load, { frameBytes, ...link }) };
}

/** Frames under way, all sent at one time. */
function ahead(frames: number, bytes: number, sentUs = 0) {
  return { frames, bytes, oldest: { sentUs, bytes: bytes / frames } };
}

Deno.test("a near link carries every frame as it is, from the first", () => {
  for (const fps of [30, 60, 120]) {
    const { load, camera } = startCamera(NEAR);
    camera.options = { ...camera.options, fps };
    const { sent, displaced } = camera.run(10);
    assert.equal(load.degradation, 0);
    assert.ok(sent > 9.5 * fps, `${sent}`);
    assert.ok(displaced <= 1, "the first shows the way");
  }
});

Deno.test("a far link that is fast gets small frames at first, and within 2 s all as they are", () => {
  const { load, camera } = startCamera(FAR);
  assert.ok(load.degradation >= 0.5, "nobody knows yet that it is fast");
  camera.run(2);
  assert.equal(load.degradation, 0);
  const { sent, displaced } = camera.run(10);
  assert.ok(sent > 280, `${sent}`);
  assert.ok(displaced <= 2, `${displaced}`);
});

Deno.test("frames leave a slow link to metrics from its start", () => {
  for (const frameBytes of [40_000, 115_000, 243_000]) {
    const { camera } = startCamera(SLOW, frameBytes);
    const { latestMetricMs } = camera.run(60);
    assert.ok(latestMetricMs < 500, `${frameBytes} bytes: ${latestMetricMs} ms`);
    assert.ok(camera.run(60).sent > 60, "frames go on");
  }
});

Deno.test("a link that collapses holds metrics up for the one frame on its way and no longer", () => {
  for (const frameBytes of [40_000, 115_000]) {
    const { load, camera } = startCamera(NEAR, frameBytes);
    camera.run(5);
    camera.options = { ...camera.options, ...SLOW };
    const { latestMetricMs } = camera.run(20);
    const frameMs = frameBytes / 125 + 150;
    assert.ok(latestMetricMs <= frameMs, `${frameBytes} bytes: ${latestMetricMs} ms`);
    assert.ok(load.degradation >= 0.7, `${load.degradation}`);
    assert.ok(camera.run(20).latestMetricMs < 400);
  }
});

Deno.test("frames are as they were within 6 s once the link is fast again", () => {
  const { load, camera } = startCamera(SLOW);
  camera.run(10);
  assert.ok(load.degradation >= 0.7);
  camera.options = { ...camera.options, ...NEAR };
  camera.run(6);
  assert.equal(load.degradation, 0);
});

Deno.test("a link whose round trip grows a thousandfold carries every frame again within 15 s", () => {
  const { load, camera } = startCamera(NEAR);
  camera.run(5);
  camera.options = { ...camera.options, ...FAR };
  camera.run(15);
  assert.equal(load.degradation, 0);
  assert.ok(camera.run(5).sent > 140);
});

Deno.test("a radio that stands still for a second costs quality for no more than another", () => {
  const { load, camera } = startCamera(NEAR);
  camera.run(5);
  camera.run(1, { standing: true });
  camera.run(1);
  assert.equal(load.degradation, 0);
  assert.ok(camera.run(5).sent > 145);
});

Deno.test("whatever the link carries, frames come to rest at one reduction and none gives way", () => {
  for (const megabits of [2, 5, 10, 20, 40]) {
    for (const rttMs of [5, 60, 300]) {
      const link = { bytesPerSecond: megabits * 125_000, rttMs };
      const { load, camera } = startCamera(link, 80_000);
      camera.run(10);
      const { degradation } = load;
      const { sent, displaced } = camera.run(30);
      const what = `${megabits} Mbit/s, ${rttMs} ms: ${sent} sent, ${displaced} displaced`;
      assert.ok(Math.abs(load.degradation - degradation) <= 0.1, what);
      assert.ok(displaced <= 2, what);
      assert.ok(sent > 100, what);
    }
  }
});

Deno.test("a machine that is busy for moments is not taken for a slow link", () => {
  const load = new CongestionController();
  load.metric({ sentUs: 0, acknowledgedUs: 300, bytes: 500 });
  for (let frame = 1; frame < 1200; frame++) {
    const sentUs = frame * 8333;
    // Two of three acknowledgements are read late, as the event loop has other work.
    const waitUs = frame % 3 === 0 ? 600 : 9000;
    if (waitUs > 8333) load.displaced(50_000, ahead(1, 50_000, sentUs), sentUs + 8333);
    load.frame({ sentUs, acknowledgedUs: sentUs + waitUs, bytes: 50_000 });
  }
  assert.equal(load.degradation, 0);
});

Deno.test("a long round trip lets more frames be under way, a slow link only one", () => {
  const proven = (rttUs: number) => {
    const load = new CongestionController();
    assert.equal(load.hasRoomBeside(ahead(1, 60_000), 0), false, "one shows the way");
    for (let i = 0; i < 20; i++) {
      const sentUs = i * 1e6;
      load.frame({ sentUs, acknowledgedUs: sentUs + rttUs, bytes: 60_000 });
    }
    return load;
  };
  const near = proven(1000);
  assert.equal(near.hasRoomBeside(ahead(1, 60_000), 5000), true);
  assert.equal(near.hasRoomBeside(ahead(1, 60_000), 60_000), false, "it should have arrived");
  assert.equal(near.hasRoomBeside(ahead(3, 180_000), 0), false);
  const far = proven(300_000);
  assert.equal(far.hasRoomBeside(ahead(3, 180_000), 100_000), true);
  const slow = new CongestionController();
  slow.metric({ sentUs: 0, acknowledgedUs: 300_000, bytes: 60_000 });
  for (let i = 0; i < 5; i++) {
    slow.frame({ sentUs: i * 1e6, acknowledgedUs: i * 1e6 + 780_000, bytes: 60_000 });
  }
  assert.equal(slow.hasRoomBeside(ahead(1, 60_000), 0), false);
  assert.equal(slow.hasRoomBeside({ frames: 0, bytes: 0 }, 0), true);
  slow.sent(60_000, 5_000_000);
  assert.ok(slow.restUs(60_000, 5_500_000) > 0, "metrics have their turn");
  assert.equal(slow.restUs(60_000, 6_000_000), 0);
  near.sent(60_000, 2000);
  assert.equal(near.restUs(60_000, 2000), 0);
  far.reset(0);
  assert.equal(far.hasRoomBeside(ahead(1, 60_000), 0), false, "a new link is unknown");
});

Deno.test("frames that give way while the link is still to show what it carries reduce nothing", () => {
  const load = new CongestionController();
  load.metric({ sentUs: 0, acknowledgedUs: 300_000, bytes: 500 });
  for (let frame = 1; frame < 8; frame++) {
    const nowUs = frame * 200_000;
    load.displaced(60_000, ahead(1, 60_000, nowUs - 100_000), nowUs);
    load.frame({ sentUs: nowUs - 300_000, acknowledgedUs: nowUs, bytes: 60_000 });
  }
  assert.equal(load.degradation, 0);
});
