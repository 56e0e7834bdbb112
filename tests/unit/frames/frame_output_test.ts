import assert from "node:assert/strict";
import type { Frame, Image } from "../../../src/capture/frame.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FramePacing } from "../../../src/frames/pacing.ts";
import { FrameOutput } from "../../../src/frames/frame_output.ts";
import type { FrameOutgoing } from "../../../src/envelopes/message.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { waitFor } from "../../support/wait.ts";

const clock = { monotonicUs: () => 0, epochUs: (us: number) => us };

/** An outlet whose link asks for `degradation`, and whose shrinker halves pictures when told to. */
function start(shrink = (jpeg: Uint8Array<ArrayBuffer>) => Promise.resolve(jpeg.slice(1))) {
  const published: FrameOutgoing[] = [];
  const link = { degradation: 0 };
  const counters = new Counters();
  const outlet = new FrameOutput({
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
    timeUs: sequence * 1e6,
    sequence,
    width: 1280,
    height: 720,
    image: {} as Image,
    jpeg: new Uint8Array(sequence + 1),
    [Symbol.dispose]() {},
  });
  return { outlet, published, link, counters, frame };
}

Deno.test("a frame goes as it is, at once, while the link is fast", () => {
  const { outlet, published, frame } = start();
  outlet.offer(frame(5));
  assert.equal(published[0]?.image.jpeg.length, 6);
  assert.equal(outlet.quality, undefined);
});

Deno.test("for a slow link it is made smaller, and size and quality are told until it recovers", async () => {
  const { outlet, published, link, counters, frame } = start();
  link.degradation = 0.5;
  outlet.offer(frame(5));
  await waitFor("the frame", () => published.length === 1);
  assert.deepEqual([published[0]?.image.jpeg.length, published[0]?.image.width], [5, 640]);
  assert.deepEqual(outlet.sizeOf(frame(6)), { width: 640, height: 360 });
  assert.equal(outlet.quality, 30);
  assert.equal(counters.get("frames_shrunk_total"), 1);
  link.degradation = 0;
  outlet.offer(frame(7));
  await waitFor("the next", () => published.length === 2);
  assert.equal(published[1]?.image.width, 1280);
  assert.deepEqual(outlet.sizeOf(frame(8)), { width: 1280, height: 720 });
  assert.equal(outlet.quality, undefined);
});

Deno.test("frames leave in order, and what the work cannot keep up with is counted", async () => {
  const first = Promise.withResolvers<void>();
  const { outlet, published, link, counters, frame } = start(async (jpeg) => {
    if (jpeg.length === 2) await first.promise;
    return jpeg.slice(1);
  });
  link.degradation = 1;
  outlet.offer(frame(1));
  link.degradation = 0;
  outlet.offer(frame(20));
  outlet.offer(frame(30));
  first.resolve();
  await waitFor("both", () => published.length === 2);
  assert.deepEqual(published.map(({ captureUs }) => captureUs), [1e6, 20e6]);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "encoder_busy" }), 1);
});

Deno.test("a picture that cannot be made smaller does not end the outlet", async () => {
  const { outlet, published, link, counters, frame } = start((jpeg) =>
    jpeg.length === 2 ? Promise.reject(new Error("broken")) : Promise.resolve(jpeg)
  );
  link.degradation = 0.1;
  outlet.offer(frame(1));
  outlet.offer(frame(20));
  await waitFor("the second", () => published.length === 1);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "encoder_failed" }), 1);
});
