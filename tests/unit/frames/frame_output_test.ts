import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import type { Frame, Image } from "../../../src/capture/frame.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FramePacing } from "../../../src/frames/pacing.ts";
import { FrameOutput } from "../../../src/frames/frame_output.ts";
import type { FrameOutgoing } from "../../../src/envelopes/message.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { waitFor } from "../../support/wait.ts";

const clock = { monotonicUs: () => monotonicUs(0), epochUs: (us: number) => epochUs(us) };

/** A frame output with a link of variable degradation and a fake shrinker. */
function start(shrink = (jpeg: Uint8Array<ArrayBuffer>) => Promise.resolve(jpeg.slice(1))) {
  const published: FrameOutgoing[] = [];
  const link = { degradation: 0 };
  const counters = new Counters();
  const frameOutput = new FrameOutput({
    bus: {
      publishFrame: (frame: FrameOutgoing) => void published.push(frame),
      framesWanted: true,
      get frameDegradation() {
        return link.degradation;
      },
    },
    encoder: { encode: () => Promise.resolve(undefined), async [Symbol.asyncDispose]() {} },
    shrinker: {
      shrink: async (jpeg) => ({ jpeg: await shrink(jpeg), width: 640, height: 360, quality: 30 }),
    },
    pacing: new FramePacing({ policy: "always" }),
    envelopes: new EnvelopeFactory(clock, "test"),
    counters,
    log: silentLog,
  });
  const frame = (sequence: number): Frame => ({
    timeUs: monotonicUs(sequence * 1e6),
    sequence,
    width: 1280,
    height: 720,
    image: {} as Image,
    jpeg: new Uint8Array(sequence + 1),
    [Symbol.dispose]() {},
  });
  return { frameOutput, published, link, counters, frame };
}

Deno.test("FrameOutput publishes the camera's JPEG unchanged and at once while the link is fast", () => {
  const { frameOutput, published, frame } = start();
  frameOutput.offer(frame(5));
  assert.equal(published[0]?.image.jpeg.length, 6);
  assert.equal(frameOutput.quality, undefined);
});

Deno.test("FrameOutput shrinks frames for a slow link and reports size and quality until it recovers", async () => {
  const { frameOutput, published, link, counters, frame } = start();
  link.degradation = 0.5;
  frameOutput.offer(frame(5));
  await waitFor("the frame", () => published.length === 1);
  assert.deepEqual([published[0]?.image.jpeg.length, published[0]?.image.width], [5, 640]);
  assert.deepEqual(frameOutput.sizeOf(frame(6)), { width: 640, height: 360 });
  assert.equal(frameOutput.quality, 30);
  assert.equal(counters.get("frames_shrunk_total"), 1);
  link.degradation = 0;
  frameOutput.offer(frame(7));
  await waitFor("the next frame", () => published.length === 2);
  assert.equal(published[1]?.image.width, 1280);
  assert.deepEqual(frameOutput.sizeOf(frame(8)), { width: 1280, height: 720 });
  assert.equal(frameOutput.quality, undefined);
});

Deno.test("FrameOutput publishes in order and counts the frames that compression cannot keep up with", async () => {
  const first = Promise.withResolvers<void>();
  const { frameOutput, published, link, counters, frame } = start(async (jpeg) => {
    if (jpeg.length === 2) await first.promise;
    return jpeg.slice(1);
  });
  link.degradation = 1;
  frameOutput.offer(frame(1));
  link.degradation = 0;
  frameOutput.offer(frame(20));
  frameOutput.offer(frame(30));
  first.resolve();
  await waitFor("both frames", () => published.length === 2);
  assert.deepEqual(published.map(({ captureUs }) => captureUs), [1e6, 20e6]);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "encoder_busy" }), 1);
});

Deno.test("FrameOutput drops a frame that cannot be compressed and publishes the next", async () => {
  const { frameOutput, published, link, counters, frame } = start((jpeg) =>
    jpeg.length === 2 ? Promise.reject(new Error("broken")) : Promise.resolve(jpeg)
  );
  link.degradation = 0.1;
  frameOutput.offer(frame(1));
  frameOutput.offer(frame(20));
  await waitFor("the second frame", () => published.length === 1);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "encoder_failed" }), 1);
});
